"""What a training reads: rows in a shuffled order that has no state, and batches of them."""

from collections.abc import Callable
from typing import Any

import numpy as np


def permutations(rows: int, seed: int) -> Callable[[int, int], np.ndarray]:
    """An endless sequence of row numbers: each pass over the data a fresh permutation.

    Returns:
        A function (first, last) → row numbers at the positions first..last-1 of the sequence. It keeps no state, so a
        resumed training sees the rows it would have seen.
    """

    def positions(first: int, last: int) -> np.ndarray:
        passes = range(first // rows, (last - 1) // rows + 1)
        order = [np.random.default_rng([seed, number]).permutation(rows) for number in passes]
        return np.concatenate(order)[first - passes.start * rows :][: last - first]

    return positions


def batches(x: np.ndarray, y: np.ndarray, size: int) -> Any:
    """Inputs and targets in their order, `size` rows at a time, as a tf.data.Dataset for `fit`."""
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(y)
    starts = tf.data.Dataset.range(0, len(x), size)
    return starts.map(lambda start: (x[start : start + size], y[start : start + size])).prefetch(2)


def untuned(dataset: Any) -> Any:
    """A tf.data.Dataset that starts no thread to tune itself.

    Whoever lets go of a dataset waits for that thread, which sleeps for 10, 20, 40 ... ms: an epoch of 6 s took 10.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
