"""What a denoiser is worth to whoever must read the digits: where it helps, where it harms, where it invents."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from stages.denoiser.situations import Situation
from stages.evaluation import measures


class Classifier:
    """A classifier of digits that knows clean ones only: a support vector machine on 50 principal components.

    Its confidence is the softmax of its scores, divided by the one temperature that makes the labels of clean
    validation digits likeliest: Guo et al. 2017, "On Calibration of Modern Neural Networks", ICML, section 4.2.

    Args:
        images: clean training digits, shape (n, 28, 28).
        labels: shape (n,).
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        flat = images.reshape(len(images), -1)
        components = PCA(min(50, *flat.shape), svd_solver="covariance_eigh")
        self.machine = make_pipeline(components, SVC(C=10, break_ties=True)).fit(flat, labels)
        self.classes, self.temperature = self.machine.classes_, 1.0

    def calibrate(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Choose the temperature on clean validation digits."""
        known = np.isin(labels, self.classes)  # a class of one or two digits may lack in training
        scores, places = self.scores(images)[known], np.searchsorted(self.classes, labels[known])

        def cost(logarithm: float) -> float:
            return -np.mean(_log_softmax(scores / np.exp(logarithm))[np.arange(len(scores)), places])

        if len(scores):
            self.temperature = float(np.exp(minimize_scalar(cost, bounds=(-5, 5), method="bounded").x))

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The digit read in each image, shape (n, 28, 28), and the confidence in it; both of shape (n,)."""
        scores = self.scores(images)
        places = scores.argmax(axis=1)  # what `predict` says, which would compute the scores once more
        likelihoods = _log_softmax(scores / self.temperature)
        return self.classes[places], np.exp(likelihoods[np.arange(len(places)), places])

    def scores(self, images: np.ndarray) -> np.ndarray:
        """A score for each class, shape (n, classes)."""
        scores = self.machine.decision_function(images.reshape(len(images), -1))
        return scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


class Broken(NamedTuple):
    """A digit that was read right as it is seen and wrong once denoised: the readings, and images (28, 28)."""

    reading: dict[str, Any]
    clean: np.ndarray
    seen: np.ndarray
    denoised: np.ndarray


def examine(
    situations: Iterable[Situation], denoise: Callable[[np.ndarray], np.ndarray], classifier: Classifier, *, seed: int
) -> tuple[list[dict[str, Any]], list[Broken]]:
    """Recognition before and after a denoiser.

    Returns:
        A row for each situation: what it is, the share of digits read right before and after, the difference with its
        95 % interval by paired bootstrap, how many digits were corrected (wrong before, right after) and broken. And
        all the broken ones, by confidence in the wrong reading.
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
        rows.append(
            {
                **about,
                "situation": f"{name}{', other digits' if case.digits == 'other digits' else ''}",
                "count": len(right),
                "before": right.mean(),
                "after": still.mean(),
                "difference": difference.mean(),
                "low": low,
                "high": high,
                "corrected": np.sum(still & ~right),
                "broken": np.sum(right & ~still),
            }
        )
        for row in np.flatnonzero(right & ~still):
            reading = {
                **about,
                "digit": case.labels[row],
                "confidence_before": sure_before[row],
                "read_as": after[row],
                "confidence": sure_after[row],
            }
            broken.append(Broken(reading, case.clean[row], case.images[row], denoised[row]))
    return rows, sorted(broken, key=lambda one: -one.reading["confidence"])


def surest_of_each_kind(broken: list[Broken], count: int) -> list[Broken]:
    """`count` of the broken digits of `examine`, or all: the surest of each kind of situation, then the second ones."""
    seen: Counter[tuple[str, str]] = Counter()
    ranks = []
    for one in broken:
        kind = (one.reading["digits"], one.reading["kind"])
        ranks.append(seen[kind])
        seen[kind] += 1
    chosen = np.argsort(ranks, kind="stable")[:count]
    return [broken[place] for place in sorted(chosen)]
