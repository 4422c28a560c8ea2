"""More digits out of few: training digits moved a little, differently every time they are seen."""

from typing import Any

import numpy as np

STREAM = 5  # of random numbers; stages/denoiser/preprocess.py has 1 to 4


def offsets(count: int, share: float, *, seed: int, step: int) -> np.ndarray:
    """How far each of `count` images is moved: by up to a pixel, some of them.

    By whole pixels: turning or scaling would interpolate, and the network would learn to draw blurred strokes.

    Args:
        count: number of images.
        share: each image is moved with this probability, by -1, 0 or 1 pixel down and as many to the right.
        seed: with `step`, the only source of chance.
        step: number of the optimizer step.

    Returns:
        int32, shape (count, 2): row and column, 0 to 2, at which the image begins in `padded`; 1: not moved.
    """
    generator = np.random.default_rng([seed, STREAM, step])
    moved = generator.random((count, 1)) < share
    return np.where(moved, generator.integers(0, 3, (count, 2)), 1).astype(np.int32)


def padded(images: np.ndarray) -> np.ndarray:
    """Images, shape (n, height, width), with a black pixel more on each side."""
    return np.pad(images, ((0, 0), (1, 1), (1, 1)))


def windows(images: Any, offsets: Any) -> Any:
    """Images of `padded`, a tensor, as they are after the moves of `offsets`: shape (n, height, width), in a graph."""
    import tensorflow as tf

    height, width = images.shape[1] - 2, images.shape[2] - 2
    rows = offsets[:, :1] + tf.range(height)
    columns = offsets[:, 1:] + tf.range(width)
    return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
