from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from stages.sentiment import encoding, ngrams

VOCABULARY = 4
REVIEWS = st.lists(st.lists(st.integers(1, VOCABULARY + 1), max_size=8), min_size=1, max_size=6)


def arrays(reviews: list[list[int]]) -> list[np.ndarray]:
    return [np.array(review, np.int32) for review in reviews]


def by_hand(review: list[int]) -> Counter[tuple[int, ...]]:
    found = [tuple(review[at : at + n]) for n in (1, 2, 3) for at in range(len(review) - n + 1)]
    return Counter(ngram for ngram in found if min(ngram) >= encoding.FIRST_WORD)


def key(ngram: tuple[int, ...]) -> int:
    return sum(word * (VOCABULARY + 2) ** place for place, word in enumerate(reversed(ngram)))


@given(REVIEWS)
@example([[2, 3], [4, 1, 5], [2, 3], [4, 1, 5]])  # no n-gram crosses reviews or unknown words
def test_index_and_counts_equal_those_of_plain_python(reviews: list[list[int]]):
    in_reviews = Counter(ngram for review in reviews for ngram in by_hand(review))
    expected = sorted(
        (ngram for ngram, n in in_reviews.items() if n >= 2), key=lambda ngram: (-in_reviews[ngram], key(ngram))
    )
    known = ngrams.index(arrays(reviews), VOCABULARY, least=2)
    assert list(known) == [key(ngram) for ngram in expected]
    numbers, counts = encoding.count(arrays(reviews), VOCABULARY, known)
    found = [dict(zip(*both, strict=True)) for both in zip(numbers, counts, strict=True)]
    times = [[by_hand(review)[ngram] for ngram in expected] for review in reviews]
    assert found == [{number: often for number, often in enumerate(row) if often} for row in times]
    assert np.array_equal(ngrams.occurrence(numbers, len(known)).toarray(), np.array(times) > 0)


def test_log_ratios_of_a_case_worked_out_by_hand():
    present = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], np.float32))
    positive, negative = np.array([3, 2, 1]) / 6, np.array([1, 2, 2]) / 5
    assert np.allclose(ngrams.log_ratios(present, np.array([1, 1, 0])), np.log(positive / negative))


def some(rows: int, seed: int) -> tuple[csr_matrix, np.ndarray]:
    """Reviews of different lengths, whose first five of ten n-grams are rather positive."""
    generator = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    odds = np.where((np.arange(10) < 5) == labels[:, None], 0.5, 0.2) * generator.uniform(0.3, 1, (rows, 1))
    return csr_matrix((generator.random((rows, 10)) < odds).astype(np.float32)), labels


def test_fit_is_the_optimum_under_dropout():
    present, labels = some(200, seed=3)
    terms, intercept = ngrams.fit(present, labels, dropout=0.4, penalty=2.0)
    ratios, many = ngrams.log_ratios(present, labels), np.maximum(present.toarray().sum(axis=1, keepdims=True), 1)
    weights, evidence = terms / ratios, present.toarray() * ratios / many**0.5
    generator = np.random.default_rng(9)
    kept = (generator.random((4000, 10)) < 0.6) / 0.6  # what the distribution stands for: n-grams hidden at random

    def loss(weights: np.ndarray, intercept: float) -> float:
        logits = (evidence * weights) @ kept.T + intercept
        losses = np.logaddexp(0, logits) - labels[:, None] * logits
        return losses.mean(axis=1).sum() + weights @ weights

    least = loss(weights, intercept)
    for scale in (0.7, 1.4):
        assert loss(scale * weights, intercept) > least
    for number in range(10):
        for change in (-0.3, 0.3):
            assert loss(weights + change * (np.arange(10) == number), intercept) > least
    assert loss(weights, intercept - 0.3) > least < loss(weights, intercept + 0.3)


def test_what_is_known_already_is_not_fitted_again():
    present, labels = some(200, seed=3)
    settings = {"dropout": 0.0, "penalty": 0.5}
    known = ngrams.logits(present, *ngrams.fit(present, labels, **settings))
    more, _ = ngrams.fit(present, labels, 3 * known, **settings)
    assert np.corrcoef(present @ more, known)[0, 1] < 0  # three times too much: some of it is taken back
