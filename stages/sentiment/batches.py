"""Reviews as the network reads them, in batches of similar length."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stages.params import SentimentNetwork
from stages.sentiment import encoding
from stages.sentiment.encoding import per_review


class Reviews(NamedTuple):
    """One part of the data: word ids and n-gram ids, an array per review; labels and source numbers, shape (n,)."""

    words: list[np.ndarray]
    ngrams: list[np.ndarray]
    labels: np.ndarray
    source: np.ndarray


def reviews(data: Mapping[str, np.ndarray], part: str, network: SentimentNetwork) -> Reviews:
    """One part of the preprocessed data, as the network's inputs.

    Words and n-grams are numbered by frequency, so a smaller vocabulary is the beginning of a larger one: words outside
    it become unknown, n-grams outside it are left out. N-gram ids start at 1: 0 is padding.
    """
    words = per_review(data[f"{part}_words"], data[f"{part}_word_lengths"])
    numbers = per_review(data[f"{part}_ngrams"], data[f"{part}_ngram_lengths"])
    return Reviews(
        [encoding.read(ids, network.vocabulary, network.length, network.head) for ids in words],
        [ids[ids < network.ngrams] + 1 for ids in numbers],
        data[f"{part}_labels"],
        data[f"{part}_source"],
    )


def batch(reviews: Reviews, rows: Sequence[int], pool: int) -> dict[str, np.ndarray]:
    """The network's inputs for some of the reviews."""
    return encoding.batch([reviews.words[row] for row in rows], [reviews.ngrams[row] for row in rows], pool)


def bucketed(lengths: np.ndarray, size: int, seed: Sequence[int], *, pool: int = 50) -> Callable[[int], np.ndarray]:
    """An endless sequence of batches of similar length, each pass over the data in a fresh order.

    Each pass is a permutation; within every `pool` batches of it the reviews are sorted by length, so that little is
    padded, and the batches are put in a random order. Reviews that do not fill a batch are left out of the pass.

    Args:
        lengths: words of each review, shape (n,).
        size: reviews in a batch.
        seed: of the order.
        pool: batches sorted together; more means less padding and a less random order.

    Returns:
        A function: number of the batch → row numbers, shape (size,). It keeps no state but the last pass, so a resumed
        training sees the same batches as an uninterrupted one.
    """
    size = min(size, len(lengths))
    in_pass = len(lengths) // size
    last: dict[int, list[np.ndarray]] = {}

    def batches(number: int) -> list[np.ndarray]:
        generator = np.random.default_rng([*seed, number])
        order = generator.permutation(len(lengths))[: in_pass * size]
        chunks = [order[start : start + pool * size] for start in range(0, len(order), pool * size)]
        order = np.concatenate([chunk[np.argsort(lengths[chunk], kind="stable")] for chunk in chunks])
        return list(generator.permutation(order.reshape(in_pass, size)))

    def rows(step: int) -> np.ndarray:
        if step // in_pass not in last:
            last.clear()
            last[step // in_pass] = batches(step // in_pass)
        return last[step // in_pass][step % in_pass]

    return rows
