"""What a denoiser is worth to whoever must read the digits: where it helps, where it harms, where it invents."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.pipeline import Pipeline

from stages.core.split import every
from stages.denoiser import degradations, other_digits
from stages.denoiser.preprocess import KINDS, add_noise
from stages.evaluation import measures

EXAMINED = 500  # digits of each situation at most


class Situation(NamedTuple):
    """Digits as somebody might have to read them: `images` is what is seen of `clean`, shape (n, 28, 28)."""

    digits: str
    kind: str
    strength: float
    unit: str
    clean: np.ndarray
    images: np.ndarray
    labels: np.ndarray


class Reader:
    """A recogniser of digits that also says how sure it is.

    The confidence is the softmax of its scores, divided by the one temperature that makes the labels of clean
    validation digits likeliest: Guo et al. 2017, "On Calibration of Modern Neural Networks", ICML, section 4.2.

    Args:
        machine: `baselines.recogniser`.
        images: clean validation digits, shape (n, 28, 28).
        labels: shape (n,).
    """

    def __init__(self, machine: Pipeline, images: np.ndarray, labels: np.ndarray) -> None:
        self.machine, self.temperature = machine, 1.0
        known = np.isin(labels, machine.classes_)  # a class of one or two digits may lack in training
        scores, places = self._scores(images)[known], np.searchsorted(machine.classes_, labels[known])

        def cost(logarithm: float) -> float:
            return -np.mean(_log_softmax(scores / np.exp(logarithm))[np.arange(len(scores)), places])

        if len(scores):
            self.temperature = float(np.exp(minimize_scalar(cost, bounds=(-5, 5), method="bounded").x))

    def read(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The digit read in each image, shape (n, 28, 28), and the confidence in it; both of shape (n,)."""
        scores = self._scores(images)
        places = scores.argmax(axis=1)  # what `predict` says, which would compute the scores once more
        likelihoods = _log_softmax(scores / self.temperature)
        return self.machine.classes_[places], np.exp(likelihoods[np.arange(len(places)), places])

    def _scores(self, images: np.ndarray) -> np.ndarray:
        scores = self.machine.decision_function(images.reshape(len(images), -1))
        return scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1)


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def situations(
    clean: np.ndarray,
    labels: np.ndarray,
    *,
    noise_std: float,
    noise_levels: list[float],
    other_classes: Sequence[int] = range(10),
    seed: int,
) -> Iterator[Situation]:
    """The test digits clean, noisy and degraded in every way of `degradations.KINDS`; then digits of other people.

    Args:
        clean: test digits, shape (n, 28, 28).
        labels: shape (n,).
        noise_std: the noise that the denoisers were trained on, put on the other digits.
        noise_levels: put on the test digits.
        other_classes: of the digits of other people; none where the classes are no digits: letters, clothes.
        seed: of all that is random.
    """
    rows = every(len(clean), EXAMINED)
    clean, labels = clean[rows], labels[rows]

    def chance(number: int) -> np.random.Generator:
        return np.random.default_rng([seed, KINDS, number])

    yield Situation("test digits", "clean", 0, "", clean, clean, labels)
    for number, std in enumerate(noise_levels):
        yield Situation("test digits", "noise", std, "", clean, add_noise(clean, std, chance(number)), labels)
    number = len(noise_levels)
    for kind, (unit, degrade, strengths) in degradations.KINDS.items():
        for strength in strengths:
            yield Situation(
                "test digits", kind, strength, unit, clean, degrade(clean, strength, chance(number)), labels
            )
            number += 1
    others, other_labels = other_digits.load()
    rows = np.flatnonzero(np.isin(other_labels, other_classes))
    rows = rows[every(len(rows), EXAMINED)]
    others, other_labels = others[rows], other_labels[rows]
    if not len(others):
        return
    yield Situation("other digits", "clean", 0, "", others, others, other_labels)
    noisy = add_noise(others, noise_std, chance(number))
    yield Situation("other digits", "noise", noise_std, "", others, noisy, other_labels)


def examine(
    cases: Iterator[Situation], denoise: Callable[[np.ndarray], np.ndarray], reader: Reader, *, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Recognition before and after a denoiser.

    Args:
        cases: to examine.
        denoise: shape (n, 28, 28), both ways.
        reader: who knows clean digits only.
        seed: of the bootstrap.

    Returns:
        A row for each situation: what it is, the share of digits read right before and after, the difference with its
        95 % interval by paired bootstrap, how many digits were corrected (wrong before, right after) and broken. And
        all the broken ones, by confidence in the wrong reading: what they are, the readings, the three images.
    """
    rows, broken = [], []
    for case in cases:
        denoised = denoise(case.images)
        (before, sure_before), (after, sure_after) = reader.read(case.images), reader.read(denoised)
        right, still = before == case.labels, after == case.labels
        difference = still.astype(float) - right
        low, high = measures.interval(difference, seed=seed)
        told = case.kind if case.kind == "clean" else f"{case.kind} {case.strength:g}"
        about = {"digits": case.digits, "kind": case.kind, "strength": case.strength, "unit": case.unit}
        rows.append(
            {
                **about,
                "situation": f"{told}{', other digits' if case.digits == 'other digits' else ''}",
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
            images = {"clean": case.clean[row], "seen": case.images[row], "denoised": denoised[row]}
            broken.append({"reading": reading, "images": images})
    return rows, sorted(broken, key=lambda one: -one["reading"]["confidence"])


def surest_of_each_kind(broken: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """`count` of the broken digits of `examine`, or all: the surest of each kind of situation, then the second ones."""
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for one in broken:
        kind = (one["reading"]["digits"], one["reading"]["kind"])
        ranked.append((seen[kind], len(ranked), one))
        seen[kind] += 1
    chosen = sorted(ranked, key=lambda entry: entry[:2])[:count]
    return [one for *_, one in sorted(chosen, key=lambda entry: entry[1])]
