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


def test_both_learn_and_do_not_look_at_test_labels(data):
    features, labels = data
    orders, swapped = np.ones(10, np.uint8), {**labels, "test": 1 - labels["test"]}
    found, again = (baselines.fit(features, some, orders, seed=7) for some in (labels, swapped))
    for name in ("tfidf", "nb"):
        assert np.mean((found[name]["test"] >= 0.5) == labels["test"]) > 0.65
        assert np.array_equal(again[name]["test"], found[name]["test"])


def test_tfidf_reads_no_three_words(data):
    features, labels = data
    orders = np.array([1, 2, 3, 3, 1, 2, 1, 1, 2, 3])
    changed = dict(features)  # three words of a review become three others
    changed["test_ngrams"] = np.where(np.isin(features["test_ngrams"], [2, 3, 9]), 9, features["test_ngrams"])
    found, again = (baselines.fit(some, labels, orders, seed=7) for some in (features, changed))
    assert np.array_equal(found["tfidf"]["test"], again["tfidf"]["test"])
    assert not np.array_equal(found["nb"]["test"], again["nb"]["test"])
