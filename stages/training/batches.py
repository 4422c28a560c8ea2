"""What a training reads: rows in a shuffled order that has no state, batches, and digits moved and made noisy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from stages.core.digits import scaled
from stages.core.rng import rng
from stages.params import DigitTraining
from stages.training.fit import steps_of


def permutations(rows: int, seed: int, name: str = "") -> Callable[[int, int], np.ndarray]:
    """An endless sequence of row numbers: each pass over the data a fresh permutation. Other names, other orders.

    Returns:
        A function (first, last) → row numbers at the positions first..last-1 of the sequence. It keeps no state, so a
        resumed training sees the rows it would have seen.
    """

    def positions(first: int, last: int) -> np.ndarray:
        passes = range(first // rows, (last - 1) // rows + 1)
        order = [rng(seed, f"order {name}", number).permutation(rows) for number in passes]
        return np.concatenate(order)[first - passes.start * rows :][: last - first]

    return positions


def batches(x: np.ndarray, y: np.ndarray, size: int) -> Any:
    """Inputs and targets in their order, `size` rows at a time, as a tf.data.Dataset for `fit`."""
    x, y = tf.constant(x), tf.constant(y)
    starts = tf.data.Dataset.range(0, len(x), size)
    return starts.map(lambda start: (x[start : start + size], y[start : start + size])).prefetch(2)


def digit_epochs(
    images: np.ndarray, settings: DigitTraining, *, seed: int, noise: Callable[[int], np.ndarray] | None = None
) -> Callable[[int], Any]:
    """A function: number of an epoch → its batches of (input, target), a tf.data.Dataset.

    The digits lie in the graph once, as bytes; a batch is gathered when it is read, so no epoch stands in memory.

    Args:
        images: digits to train on, uint8, shape (n, 28, 28).
        settings: steps, epochs, batch and `shifted`, the share of the digits that is moved (`offsets`).
        seed: of the order and the moves.
        noise: number of the optimizer step → what is added to its batch before the input is cut to [0, 1], float32,
            shape (batch, 28, 28); None: the input is the target.
    """
    order = permutations(len(images), seed)
    digits = tf.constant(np.pad(images, ((0, 0), (1, 1), (1, 1))) if settings.shifted else images)
    values = tf.constant(scaled(np.arange(256, dtype=np.uint8)))  # exact: a division may become a product in a graph

    def clean(rows: Any, *moves: Any) -> Any:
        batch = windows(tf.gather(digits, rows), *moves) if moves else tf.gather(digits, rows)
        return tf.gather(values, tf.cast(batch, tf.int32))

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        rows = order(steps.start * settings.batch, steps.stop * settings.batch).reshape(-1, settings.batch)
        read = [rows]
        if settings.shifted:
            read += [np.stack([offsets(settings.batch, settings.shifted, seed=seed, step=step) for step in steps])]
        dataset = tf.data.Dataset.from_tensor_slices(tuple(read)).map(clean)
        if noise is None:
            return dataset.map(lambda batch: (batch, batch)).prefetch(2)
        signature = tf.TensorSpec((settings.batch, *images.shape[1:]), tf.float32)
        added = tf.data.Dataset.from_generator(lambda: map(noise, steps), output_signature=signature)
        pairs = tf.data.Dataset.zip((dataset, added)).map(
            lambda batch, more: (tf.clip_by_value(batch + more, 0, 1), batch)
        )
        return pairs.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    return epoch_data


def offsets(count: int, share: float, *, seed: int, step: int) -> np.ndarray:
    """How far each of `count` digits is moved: a `share` of them by -1, 0 or 1 pixel down and as many to the right.

    By whole pixels: turning or scaling would interpolate, and the network would learn to draw blurred strokes. Seed and
    number of the step are the only source of chance.

    Returns:
        int32, shape (count, 2): row and column, 0 to 2, at which the digit begins once it has a border of one pixel;
        1: not moved.
    """
    generator = rng(seed, "moves", step)
    moved = generator.random((count, 1)) < share
    return np.where(moved, generator.integers(0, 3, (count, 2)), 1).astype(np.int32)


def windows(bordered: Any, offsets: Any) -> Any:
    """The parts of images with a border of one pixel that begin at `offsets`: shape (n, 30, 30) → (n, 28, 28)."""
    rows, columns = (offsets[:, axis : axis + 1] + tf.range(bordered.shape[axis + 1] - 2) for axis in range(2))
    return tf.gather(tf.gather(bordered, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
