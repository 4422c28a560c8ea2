"""What a denoiser is worth to whoever must read the digits: where it helps, where it harms, where it invents.

Digits are read clean, noisy, damaged in other ways, and written by other people, before and after the denoiser. Images
have shape (n, 28, 28), float32 in [0, 1].
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, shift, zoom
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from stages.core.digits import SIDE
from stages.core.rng import rng
from stages.core.split import every
from stages.denoiser.preprocess import add_noise
from stages.evaluation import measures
from stages.params import Params

EXAMINED = 300  # digits of each situation at most
COMPONENTS = 30  # that the classifier reads
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

    Then digits of other people, of `other_classes`, clean and with the noise that the denoisers were trained on.
    """
    rows = every(len(clean), EXAMINED)
    clean, labels = clean[rows], labels[rows]

    yield Situation("test digits", "clean", 0, "", clean, clean, labels)
    kinds = {"noise": ("standard deviation", add_noise, params.denoiser.noise_levels), **DEGRADATIONS}
    cases = [(kind, strength) for kind, (_, _, strengths) in kinds.items() for strength in strengths]
    for number, (kind, strength) in enumerate(cases):
        unit, degrade, _ = kinds[kind]
        degraded = degrade(clean, strength, rng(params.seed, "denoiser/situations", number))
        yield Situation("test digits", kind, strength, unit, clean, degraded, labels)
    others, other_labels = other_digits()
    rows = np.flatnonzero(np.isin(other_labels, other_classes))
    rows = rows[every(len(rows), EXAMINED)]
    others, other_labels = others[rows], other_labels[rows]
    if len(others):
        yield Situation("other digits", "clean", 0, "", others, others, other_labels)
        noisy = add_noise(others, params.denoiser.noise_std, rng(params.seed, "denoiser/noise on other digits"))
        yield Situation("other digits", "noise", params.denoiser.noise_std, "", others, noisy, other_labels)


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
        angles, offsets = generator.uniform(0, np.pi, int(count)), generator.uniform(-7, 7, int(count))
        for angle, offset in zip(angles, offsets, strict=True):
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
DEGRADATIONS: dict[str, tuple[str, Degradation, tuple[float, ...]]] = {
    "specks": ("share of the pixels", salt_and_pepper, (0.1, 0.2, 0.3)),
    "blur": ("pixels", blur, (1.0, 1.5, 2.0)),
    "scratches": ("lines", scratches, (1, 2, 4)),
    "covered": ("pixels a side", covered, (6, 8, 10)),
    "faded": ("share of the contrast left", faded, (0.5, 0.3, 0.2)),
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


class Classifier:
    """A classifier that knows clean digits only: logistic regression on principal components and their products."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        flat = _flat(images)
        components = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh")
        regression = LogisticRegression(C=0.03, max_iter=200)
        self.machine = make_pipeline(components, PolynomialFeatures(include_bias=False), StandardScaler(), regression)
        self.classes = self.machine.fit(flat, labels).classes_

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The digit read in each image, shape (n, 28, 28), and the confidence in it; both of shape (n,)."""
        likelihoods = self.machine.predict_proba(_flat(images))
        return self.classes[likelihoods.argmax(axis=1)], likelihoods.max(axis=1)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


class Broken(NamedTuple):
    """A digit that was read right as it is seen and wrong once denoised: the readings, and images (28, 28)."""

    reading: dict[str, Any]
    clean: np.ndarray
    seen: np.ndarray
    denoised: np.ndarray


def examine(
    situations: Iterable[Situation], denoise: Callable[[np.ndarray], np.ndarray], classifier: Classifier, *, seed: int
) -> tuple[list[dict[str, Any]], list[Broken]]:
    """Recognition before and after a denoiser: a row for each situation, and all broken digits, the surest first.

    A row has the share of digits read right before and after, the difference with its 95 % interval by paired
    bootstrap, how many digits were corrected (wrong before, right after) and broken.
    """
    rows, broken = [], []
    for case in situations:
        denoised = denoise(case.images)
        (before, sure_before), (after, sure_after) = classifier.read(case.images), classifier.read(denoised)
        right, still = before == case.labels, after == case.labels
        difference = still.astype(float) - right
        low, high = measures.interval(difference, seed=seed)
        name = case.kind if case.kind == "clean" else f"{case.kind} {case.strength:g}"
        about = {"digits": case.digits, "kind": case.kind, "strength": case.strength, "unit": case.unit}
        situation = {"situation": f"{name}{', other digits' if case.digits == 'other digits' else ''}"}
        shares = {"before": right.mean(), "after": still.mean(), "difference": difference.mean()}
        counts = {"corrected": np.sum(still & ~right), "broken": np.sum(right & ~still)}
        rows.append({**about, **situation, "count": len(right), **shares, "low": low, "high": high, **counts})
        for row in np.flatnonzero(right & ~still):
            reading = {**about, "digit": case.labels[row], "confidence_before": sure_before[row]}
            reading |= {"read_as": after[row], "confidence": sure_after[row]}
            broken.append(Broken(reading, case.clean[row], case.images[row], denoised[row]))
    return rows, sorted(broken, key=lambda one: -one.reading["confidence"])


def surest_of_each_kind(broken: list[Broken], count: int) -> list[Broken]:
    """`count` of the broken digits of `examine`, or all: the surest of each kind of situation, then the second ones."""
    kinds = pd.DataFrame([one.reading for one in broken], columns=["digits", "kind"])
    chosen = np.argsort(kinds.groupby(["digits", "kind"]).cumcount().to_numpy(), kind="stable")[:count]
    return [broken[place] for place in sorted(chosen)]
