"""More digits out of few: training digits moved a little, differently every time they are seen."""

import numpy as np

STREAM = 5  # of random numbers; stages/denoiser/preprocess.py has 1 to 4


def shifted(images: np.ndarray, share: float, *, seed: int, step: int) -> np.ndarray:
    """Some of the images moved by up to one pixel, black coming in at the edge.

    By whole pixels: turning or scaling would interpolate, and the network would learn to draw blurred strokes.

    Args:
        images: shape (n, 28, 28), any values, 0 is black.
        share: each image is moved with this probability, by -1, 0 or 1 pixel down and as many to the right.
        seed: with `step`, the only source of chance.
        step: number of the optimizer step.

    Returns:
        The same shape and type.
    """
    if share == 0:
        return images
    generator = np.random.default_rng([seed, STREAM, step])
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    moved = generator.random(len(images)) < share
    row, column = np.where(moved, generator.integers(0, 3, (2, len(images))), 1)
    return windows[np.arange(len(images)), row, column]
