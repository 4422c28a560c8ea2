import numpy as np
import pytest

from stages.core.split import PARTS
from stages.sentiment import baselines


@pytest.fixture
def data() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Reviews of four n-grams each: of 0..9, the positive ones favour the lower."""
    generator = np.random.default_rng(11)
    data, labels = {}, {}
    for part in PARTS:
        labels[part] = np.arange(200) % 2
        odds = [np.arange(1, 11.0), np.arange(10.0, 0, -1)]
        rows = [np.sort(generator.choice(10, 4, replace=False, p=odds[y] / 55)) for y in labels[part]]
        data[f"{part}_ngrams"] = np.concatenate(rows).astype(np.int32)
        data[f"{part}_ngram_counts"] = np.ones(800, np.uint8)
        data[f"{part}_ngram_lengths"] = np.full(200, 4, np.int32)
    return data, labels


@pytest.mark.parametrize("baseline", [baselines.tfidf, baselines.naive_bayes])
def test_learns_and_does_not_look_at_test_labels(baseline, data):
    features, labels = data
    orders = np.ones(10, np.uint8)
    found = baseline(features, labels, orders, seed=7)
    assert np.mean((found.probability["test"] >= 0.5) == labels["test"]) > 0.65
    swapped = {**labels, "test": 1 - labels["test"]}
    again = baseline(features, swapped, orders, seed=7)
    assert again.strength == found.strength
    assert np.array_equal(again.probability["test"], found.probability["test"])


def test_tfidf_reads_no_three_words(data):
    features, labels = data
    mixed, short = np.array([1, 2, 3, 3, 1, 2, 1, 1, 2, 3]), np.array([0, 1, 4, 5, 6, 7, 8])
    renumber = np.full(10, -1)
    renumber[short] = np.arange(len(short))
    reduced = {}
    for part in PARTS:
        numbers = renumber[features[f"{part}_ngrams"]]
        review = np.repeat(np.arange(200), 4)[numbers >= 0]
        reduced[f"{part}_ngrams"] = numbers[numbers >= 0]
        reduced[f"{part}_ngram_counts"] = np.ones(len(review), np.uint8)
        reduced[f"{part}_ngram_lengths"] = np.bincount(review, minlength=200)
    whole = baselines.tfidf(features, labels, mixed, seed=7)
    part = baselines.tfidf(reduced, labels, np.ones(len(short), int), seed=7)
    assert np.allclose(whole.probability["test"], part.probability["test"])
