"""What happens to a picture of writing besides the noise that the denoisers were trained on."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

Degradation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def salt_and_pepper(images: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """A `share` of the pixels black or white at random: dead pixels, errors of transmission."""
    hit = generator.random(images.shape) < share
    return np.where(hit, generator.integers(0, 2, images.shape), images).astype(np.float32)


def blur(images: np.ndarray, sigma: float, generator: np.random.Generator) -> np.ndarray:
    """Gaussian blur of `sigma` pixels: out of focus."""
    return gaussian_filter(images, (0, sigma, sigma))


def scratches(images: np.ndarray, count: float, generator: np.random.Generator) -> np.ndarray:
    """`count` black lines, one pixel and a half wide, across the digit at any slant: creased paper, a torn film."""
    height, width = images.shape[1:]
    rows, columns = np.mgrid[:height, :width] - (height - 1) / 2
    images = images.copy()
    for image in images:
        for angle, offset in zip(
            generator.uniform(0, np.pi, int(count)), generator.uniform(-7, 7, int(count)), strict=True
        ):
            image[np.abs(rows * np.cos(angle) + columns * np.sin(angle) - offset) < 0.75] = 0
    return images


def covered(images: np.ndarray, side: float, generator: np.random.Generator) -> np.ndarray:
    """A black square of `side` pixels somewhere over the middle: a thing in front, a stamp, a hole."""
    height, width = images.shape[1:]
    images, side = images.copy(), int(side)
    tops = generator.integers(4, height - 4 - side + 1, len(images))
    lefts = generator.integers(4, width - 4 - side + 1, len(images))
    for image, top, left in zip(images, tops, lefts, strict=True):
        image[top : top + side, left : left + side] = 0
    return images


def faded(images: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """White becomes the grey of `share`: faded ink, a picture taken in the dark."""
    return (images * np.float32(share)).astype(np.float32)


def coarse(images: np.ndarray, side: float, generator: np.random.Generator) -> np.ndarray:
    """Every `side` × `side` pixels have their mean: a camera too far away."""
    side = int(side)
    count, height, width = images.shape
    blocks = images.reshape(count, height // side, side, width // side, side).mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(blocks, (count, height // side, side, width // side, side)).reshape(images.shape)


# Name, unit of the strength, function, strengths from mild to strong.
KINDS: dict[str, tuple[str, Degradation, tuple[float, ...]]] = {
    "specks": ("share of the pixels", salt_and_pepper, (0.1, 0.2, 0.3)),
    "blur": ("pixels", blur, (1.0, 1.5, 2.0)),
    "scratches": ("lines", scratches, (1, 2, 4)),
    "covered": ("pixels a side", covered, (6, 8, 10)),
    "faded": ("of the contrast left", faded, (0.5, 0.3, 0.2)),
    "coarse": ("pixels a side", coarse, (2, 4, 7)),
}
