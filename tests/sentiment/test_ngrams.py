from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from stages.sentiment import ngrams

VOCABULARY = 4
REVIEWS = st.lists(st.lists(st.integers(1, VOCABULARY + 1), max_size=8), min_size=1, max_size=6)


def arrays(reviews: list[list[int]]) -> list[np.ndarray]:
    return [np.array(review, np.int32) for review in reviews]


def by_hand(review: list[int]) -> Counter[tuple[int, ...]]:
    found = [tuple(review[at : at + n]) for n in (1, 2, 3) for at in range(len(review) - n + 1)]
    return Counter(ngram for ngram in found if min(ngram) >= ngrams.FIRST_WORD)


def key(ngram: tuple[int, ...]) -> int:
    return sum(word * (VOCABULARY + 2) ** place for place, word in enumerate(reversed(ngram)))


@given(REVIEWS)
def test_index_and_counts_equal_those_of_plain_python(reviews: list[list[int]]):
    in_reviews = Counter(ngram for review in reviews for ngram in by_hand(review))
    expected = sorted(
        (ngram for ngram, n in in_reviews.items() if n >= 2), key=lambda ngram: (-in_reviews[ngram], key(ngram))
    )
    known = ngrams.index(arrays(reviews), VOCABULARY, least=2)
    assert list(known) == [key(ngram) for ngram in expected]
    assert list(ngrams.orders(known, VOCABULARY)) == [len(ngram) for ngram in expected]
    table = ngrams.matrix(ngrams.count(arrays(reviews), VOCABULARY, known), len(known)).toarray()
    assert table.tolist() == [[by_hand(review)[ngram] for ngram in expected] for review in reviews]


def test_no_ngram_crosses_reviews_or_unknown_words():
    known = ngrams.index(arrays([[2, 3], [4, 1, 5], [2, 3], [4, 1, 5]]), VOCABULARY, least=1)
    assert set(known) == {key(ngram) for ngram in [(2,), (3,), (2, 3), (4,), (5,)]}


def test_log_ratios_of_a_case_worked_out_by_hand():
    # Three n-grams; two positive reviews with (1, 1, 0) and (1, 0, 0), one negative with (0, 1, 1).
    present = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], np.float32))
    positive, negative = np.array([3, 2, 1]) / 6, np.array([1, 2, 2]) / 5
    expected = np.log(positive / negative)
    assert np.allclose(ngrams.log_ratios(present, np.array([1, 1, 0])), expected)
