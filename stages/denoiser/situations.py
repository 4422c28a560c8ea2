"""Digits as somebody might have to read them: clean, noisy, damaged in other ways, and written by other people.

Images have shape (n, 28, 28), float32 in [0, 1].
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, shift, zoom
from sklearn.datasets import load_digits

from stages.core.digits import SIDE
from stages.core.split import every
from stages.denoiser.preprocess import SITUATIONS, add_noise
from stages.params import Params

EXAMINED = 500  # digits of each situation at most
BOX = 20  # pixels that a digit of MNIST fills at most

Degradation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


class Situation(NamedTuple):
    """Digits in one situation: `images` is what is seen of `clean`."""

    digits: str
    kind: str
    strength: float
    unit: str
    clean: np.ndarray
    images: np.ndarray
    labels: np.ndarray


def situations(
    clean: np.ndarray, labels: np.ndarray, params: Params, other_classes: Sequence[int] = range(10)
) -> Iterator[Situation]:
    """The test digits clean, with noise of each level, and degraded in every way of `DEGRADATIONS`.

    Then digits of other people, of `other_classes`, clean and with the noise that the denoisers were trained on; none
    where the classes are no digits: letters, clothes.
    """
    rows = every(len(clean), EXAMINED)
    clean, labels = clean[rows], labels[rows]

    def rng(number: int) -> np.random.Generator:
        return np.random.default_rng([params.seed, SITUATIONS, number])

    yield Situation("test digits", "clean", 0, "", clean, clean, labels)
    for number, std in enumerate(params.denoiser.noise_levels):
        yield Situation("test digits", "noise", std, "", clean, add_noise(clean, std, rng(number)), labels)
    number += 1
    for kind, (unit, degrade, strengths) in DEGRADATIONS.items():
        for strength in strengths:
            seen = degrade(clean, strength, rng(number))
            yield Situation("test digits", kind, strength, unit, clean, seen, labels)
            number += 1
    others, other_labels = other_digits()
    rows = np.flatnonzero(np.isin(other_labels, other_classes))
    rows = rows[every(len(rows), EXAMINED)]
    others, other_labels = others[rows], other_labels[rows]
    if len(others):
        yield Situation("other digits", "clean", 0, "", others, others, other_labels)
        noisy = add_noise(others, params.denoiser.noise_std, rng(number))
        yield Situation("other digits", "noise", params.denoiser.noise_std, "", others, noisy, other_labels)


def salt_and_pepper(images: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A `share` of the pixels black or white at random: dead pixels, errors of transmission."""
    hit = rng.random(images.shape) < share
    return np.where(hit, rng.integers(0, 2, images.shape), images).astype(np.float32)


def blur(images: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur of `sigma` pixels: out of focus."""
    return gaussian_filter(images, (0, sigma, sigma))


def scratches(images: np.ndarray, count: float, rng: np.random.Generator) -> np.ndarray:
    """`count` black lines, one pixel and a half wide, across the digit at any slant: creased paper, a torn film."""
    height, width = images.shape[1:]
    rows, columns = np.mgrid[:height, :width] - (height - 1) / 2
    images = images.copy()
    for image in images:
        angles, offsets = rng.uniform(0, np.pi, int(count)), rng.uniform(-7, 7, int(count))
        for angle, offset in zip(angles, offsets, strict=True):
            image[np.abs(rows * np.cos(angle) + columns * np.sin(angle) - offset) < 0.75] = 0
    return images


def covered(images: np.ndarray, side: float, rng: np.random.Generator) -> np.ndarray:
    """A black square of `side` pixels somewhere over the middle: a thing in front, a stamp, a hole."""
    height, width = images.shape[1:]
    images, side = images.copy(), int(side)
    tops = rng.integers(4, height - 4 - side + 1, len(images))
    lefts = rng.integers(4, width - 4 - side + 1, len(images))
    for image, top, left in zip(images, tops, lefts, strict=True):
        image[top : top + side, left : left + side] = 0
    return images


def faded(images: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """White becomes the grey of `share`: faded ink, a picture taken in the dark."""
    return (images * np.float32(share)).astype(np.float32)


def coarse(images: np.ndarray, side: float, rng: np.random.Generator) -> np.ndarray:
    """Every `side` × `side` pixels have their mean: a camera too far away."""
    side = int(side)
    count, height, width = images.shape
    blocks = images.reshape(count, height // side, side, width // side, side).mean(axis=(2, 4), keepdims=True)
    return np.broadcast_to(blocks, (count, height // side, side, width // side, side)).reshape(images.shape)


# Name, unit of the strength, function, strengths from mild to strong.
DEGRADATIONS: dict[str, tuple[str, Degradation, tuple[float, ...]]] = {
    "specks": ("share of the pixels", salt_and_pepper, (0.1, 0.2, 0.3)),
    "blur": ("pixels", blur, (1.0, 1.5, 2.0)),
    "scratches": ("lines", scratches, (1, 2, 4)),
    "covered": ("pixels a side", covered, (6, 8, 10)),
    "faded": ("of the contrast left", faded, (0.5, 0.3, 0.2)),
    "coarse": ("pixels a side", coarse, (2, 4, 7)),
}


def other_digits() -> tuple[np.ndarray, np.ndarray]:
    """Images, shape (1797, 28, 28), and labels of other people, pens and scanners than MNIST's.

    The test half of UCI's "Optical Recognition of Handwritten Digits", which lies in scikit-learn's own package; no
    network here was trained on it. Its 8 × 8 pixels are brought to MNIST's form: 20 × 20 pixels, their centre of mass
    in the middle of 28 × 28. Source: Alpaydin & Kaynak 1998, UCI Machine Learning Repository.
    """
    small = load_digits()
    large = zoom(small.images / 16, (1, BOX / 8, BOX / 8), order=1, grid_mode=True, mode="nearest")
    margin = (SIDE - BOX) // 2
    bordered = np.pad(np.clip(large, 0, 1), ((0, 0), (margin, margin), (margin, margin)))
    images = []
    for image in bordered:
        centre = [(places * image).sum() / image.sum() for places in np.indices(image.shape)]
        images.append(shift(image, [round((SIDE - 1) / 2 - place) for place in centre], order=0))
    return np.stack(images).astype(np.float32), small.target
