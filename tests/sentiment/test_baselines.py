import numpy as np
import pytest

from stages.core.split import PARTS
from stages.sentiment import baselines

VOCABULARY = 8  # so the keys of one word are below 10, of two below 100


@pytest.fixture
def data() -> dict[str, np.ndarray]:
    """Reviews of four n-grams each: of 0..9, the positive ones favour the lower."""
    generator = np.random.default_rng(11)
    data = {"ngrams": np.arange(10)}  # all of one word
    for part in PARTS:
        labels = np.arange(200) % 2
        odds = [np.arange(1, 11.0), np.arange(10.0, 0, -1)]
        rows = [np.sort(generator.choice(10, 4, replace=False, p=odds[y] / 55)) for y in labels]
        data[f"{part}_labels"] = labels
        data[f"{part}_ngrams"] = np.concatenate(rows).astype(np.int32)
        data[f"{part}_ngram_counts"] = np.ones(800, np.uint8)
        data[f"{part}_ngram_lengths"] = np.full(200, 4, np.int32)
    return data


def test_both_learn_and_do_not_look_at_test_labels(data):
    for some in (data, data | {"test_labels": 1 - data["test_labels"]}):
        found = baselines.fit(some, VOCABULARY, ["test"], seed=7)["test"]
        for name in ("tfidf", "nb"):
            assert np.mean((found[name] >= 0.5) == data["test_labels"]) > 0.65


def test_tfidf_reads_how_often_but_no_three_words(data):
    keys = np.where(np.isin(np.arange(10), [2, 3, 9]), 100, np.arange(10))  # three words
    others = np.array([0, 1, 3, 9, 4, 5, 6, 7, 8, 2], np.int32)[data["test_ngrams"]]
    oftener = data["test_ngram_counts"] + 2 * (data["test_ngrams"] == 0)

    def fit(**changed: np.ndarray) -> dict[str, np.ndarray]:
        return baselines.fit(data | {"ngrams": keys, **changed}, VOCABULARY, ["test"], seed=7)["test"]

    found, other, often = fit(), fit(test_ngrams=others), fit(test_ngram_counts=oftener)
    assert np.array_equal(found["tfidf"], other["tfidf"])
    assert not np.array_equal(found["nb"], other["nb"])
    assert not np.array_equal(found["tfidf"], often["tfidf"])
    assert np.array_equal(found["nb"], often["nb"])
