"""Initial word vectors, computed from the training reviews alone."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd

from stages.sentiment import ngrams
from stages.sentiment.encoding import FIRST_WORD

WINDOW = 5  # words on each side
SMOOTHING = 0.75  # exponent of the frequencies of neighbours: rare ones count for less
SPREAD = 0.1  # standard deviation of the numbers in the vectors
RATIO_SMOOTHING = 10.0  # reviews added to each count: a rare word's ratio says most about its own reviews
RATIO_SCALE = 0.3  # brings the log ratios into the range of the other numbers


def initial(reviews: Sequence[np.ndarray], labels: np.ndarray, rows: int, size: int, *, seed: int) -> np.ndarray:
    """Vectors of words by their contexts, from word ids and labels of training reviews: shape (rows, size), float32.

    Words with similar neighbours get similar vectors: the singular vectors of the positive pointwise mutual information
    of words within `WINDOW` of each other, times the square root of their singular values (Levy, Goldberg & Dagan 2015,
    "Improving Distributional Similarity with Lessons Learned from Word Embeddings", TACL 3, sections 2 and 3). The last
    number is the word's Naive Bayes log ratio. A row is a word id; those of padding and of unknown words are zeros.
    """
    present = ngrams.occurrence([ids[ids >= FIRST_WORD] for ids in reviews], rows)
    ratios = ngrams.log_ratios(present, labels, smoothing=RATIO_SMOOTHING)
    vectors = np.zeros((rows, size), np.float32)
    vectors[:, -1] = RATIO_SCALE * ratios * (np.bincount(present.indices, minlength=rows) > 0)
    near = information(reviews, rows)
    if size > 1 and near.nnz:
        left, values, _ = randomized_svd(near, min(size - 1, rows), n_iter=3, random_state=seed)
        around = left * np.sqrt(values)
        vectors[:, : around.shape[1]] = SPREAD / around.std() * around
    return vectors


def information(reviews: Sequence[np.ndarray], rows: int) -> csr_matrix:
    """Positive pointwise mutual information of words within `WINDOW` of each other in a review: shape (rows, rows)."""
    ids = np.concatenate(reviews)
    review = np.repeat(np.arange(len(reviews)), [len(ids) for ids in reviews])
    known = ids >= FIRST_WORD
    pairs = csr_matrix((rows, rows), dtype=np.float32)
    for offset in range(1, min(WINDOW, len(ids) - 1) + 1):
        both = known[offset:] & known[:-offset] & (review[offset:] == review[:-offset])
        places = ids[:-offset][both], ids[offset:][both]
        pairs += coo_matrix((np.ones(len(places[0]), np.float32), places), shape=(rows, rows)).tocsr()
    pairs = (pairs + pairs.T).tocoo()
    frequency = np.bincount(pairs.row, pairs.data, rows)
    smoothed = frequency**SMOOTHING / np.sum(frequency**SMOOTHING) if pairs.nnz else frequency
    values = np.log(pairs.data / (frequency[pairs.row] * smoothed[pairs.col]))
    positive = values > 0
    places = pairs.row[positive], pairs.col[positive]
    return coo_matrix((values[positive].astype(np.float32), places), shape=(rows, rows)).tocsr()
