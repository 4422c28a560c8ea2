"""Digits for training: in a fresh order in each pass, moved a little, with noise; a batch at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from stages.core.digits import scaled
from stages.params import DigitTraining
from stages.training import augment
from stages.training.batches import permutations
from stages.training.fit import steps_of


def digit_epochs(
    images: np.ndarray, settings: DigitTraining, *, seed: int, noise: Callable[[int], np.ndarray] | None = None
) -> Callable[[int], Any]:
    """A function: number of an epoch → its batches of (input, target), a tf.data.Dataset.

    The digits lie in the graph once, as bytes; a batch is gathered when it is read, so no epoch stands in memory.

    Args:
        images: digits to train on, uint8, shape (n, 28, 28).
        settings: steps, epochs, batch and `shifted`.
        seed: of the order and the moves.
        noise: number of the optimizer step → what is added to its batch before the input is cut to [0, 1], float32,
            shape (batch, 28, 28); None: the input is the target.
    """
    import tensorflow as tf

    order = permutations(len(images), seed)
    digits = tf.constant(augment.padded(images) if settings.shifted else images)
    values = tf.constant(scaled(np.arange(256, dtype=np.uint8)))  # exact: a division may become a product in a graph

    def clean(rows: Any, offsets: Any) -> Any:
        batch = tf.gather(digits, rows)
        return tf.gather(values, tf.cast(augment.windows(batch, offsets) if settings.shifted else batch, tf.int32))

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        rows = order(steps.start * settings.batch, steps.stop * settings.batch).reshape(-1, settings.batch)
        moves = [augment.offsets(settings.batch, settings.shifted, seed=seed, step=step) for step in steps]
        dataset = tf.data.Dataset.from_tensor_slices((rows, np.stack(moves))).map(clean)
        if noise is None:
            return dataset.map(lambda batch: (batch, batch)).prefetch(2)
        signature = tf.TensorSpec((settings.batch, *images.shape[1:]), tf.float32)
        added = tf.data.Dataset.from_generator(lambda: map(noise, steps), output_signature=signature)
        pairs = tf.data.Dataset.zip((dataset, added)).map(
            lambda batch, more: (tf.clip_by_value(batch + more, 0, 1), batch)
        )
        return pairs.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    return epoch_data
