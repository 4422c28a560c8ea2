"""How good the classifier is: at a threshold, over all thresholds, in parts of the reviews and against a baseline."""

import itertools
from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
)

from stages.evaluation import measures
from stages.sentiment.thresholds import THRESHOLDS, quality

CLASSES = ("negative", "positive")
BINS = 10
NEGATIONS = {"not", "no", "never", "nothing", "nobody", "none", "nor", "neither", "without", "cannot"}


def errors_per_thousand(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Errors at a threshold, per 1,000 reviews: false alarms (negative, taken for positive) and misses."""
    predicted = probability >= threshold
    return {
        "false_alarms_per_1000": 1000 * np.mean(predicted & (actual == 0)),
        "misses_per_1000": 1000 * np.mean(~predicted & (actual == 1)),
    }


def ranking(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Measures of the probabilities that need no threshold; arguments as for `quality`."""
    return {
        "roc_auc": roc_auc_score(actual, probability),
        "average_precision": average_precision_score(actual, probability),
        "calibration_error": calibration_error(actual, probability),
    }


def operating_thresholds(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Thresholds that reach a recall or a precision and cost the least of the other, on validation reviews.

    Where none of `THRESHOLDS` reaches the goal, the one that comes nearest.
    """
    measured = [quality(actual, probability, threshold) for threshold in THRESHOLDS]
    precision, recall = (np.array([row[name] for row in measured]) for name in ("precision", "recall"))

    def highest(goal: float) -> float:
        reached = np.flatnonzero(recall >= goal)
        return float(THRESHOLDS[reached[-1] if len(reached) else 0])

    reached = np.flatnonzero(precision >= 0.95)
    precise = float(THRESHOLDS[reached[0] if len(reached) else np.argmax(precision)])
    return {f"recall_{percent}": highest(percent / 100) for percent in (90, 95, 99)} | {"precision_95": precise}


def operating_point(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """A threshold with its precision, its recall and its `errors_per_thousand`."""
    values = quality(actual, probability, threshold)
    return {
        "threshold": threshold,
        "precision": values["precision"],
        "recall": values["recall"],
        **errors_per_thousand(actual, probability, threshold),
    }


def precision_recall(actual: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall at 101 even steps, and the precision of the highest threshold that reaches each."""
    precision, recall, _ = precision_recall_curve(actual, probability)
    steps = np.linspace(0, 1, 101)
    return steps, np.array([precision[np.flatnonzero(recall >= step - 1e-12)[-1]] for step in steps])


def calibration_curve(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Reviews in `BINS` equally wide bins of the predicted probability: mean prediction, share positive, number."""
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        {
            "predicted": probability[number == i].mean(),
            "observed": actual[number == i].mean(),
            "reviews": np.sum(number == i),
        }
        for i in np.unique(number)
    ]


def calibration_error(actual: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error: mean gap between predicted probability and share of positives, weighted by reviews.

    Over `BINS` equally wide bins of the probability of the positive class. Source: Naeini, Cooper & Hauskrecht 2015,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI, p. 2903.
    """
    curve = calibration_curve(actual, probability)
    return sum(row["reviews"] * abs(row["predicted"] - row["observed"]) for row in curve) / len(actual)


def paired(correct: np.ndarray, baseline: np.ndarray, *, seed: int) -> dict[str, Any]:
    """The network and a baseline compared on the same reviews.

    Args:
        correct: is the network's label correct? Shape (n,).
        baseline: is the baseline's? Shape (n,).
        seed: of the bootstrap.

    Returns:
        The difference of the accuracies, its 95 % interval by paired bootstrap, and the p-value of McNemar's exact
        test: the probability that the reviews which only one of the two gets right are split this unevenly or more, if
        both are equally good.
    """
    ours, theirs = int(np.sum(correct & ~baseline)), int(np.sum(baseline & ~correct))
    difference = correct.astype(float) - baseline
    return {
        "difference": difference.mean(),
        "interval": measures.interval(difference, seed=seed),
        "mcnemar_p": binomtest(ours, ours + theirs).pvalue if ours + theirs else 1.0,
    }


def slices(correct: np.ndarray, actual: np.ndarray, tokens: list[list[str]], *, seed: int) -> list[dict[str, Any]]:
    """Accuracy on parts of the test reviews: by length, in four parts of equal size; by negation; by label.

    Args:
        correct: is the network's label correct? Shape (n,).
        actual: 0 or 1, shape (n,).
        tokens: the words of each review.
        seed: of the intervals' bootstrap.

    Returns:
        Rows of `group`, `slice`, `reviews`, `accuracy`, `low` and `high`, its 95 % interval; no row for an empty part.
    """
    lengths = np.array([len(words) for words in tokens])
    edges = np.quantile(lengths, [0.25, 0.5, 0.75]).astype(int)
    quarter = np.searchsorted(edges, lengths, side="left")
    bounds = [1, *(edges + 1), lengths.max() + 1]
    negated = np.array([sum(word in NEGATIONS or word.endswith("n't") for word in words) for words in tokens])
    parts = [
        ("length", f"{low} to {high - 1} words", quarter == i)
        for i, (low, high) in enumerate(itertools.pairwise(bounds))
    ]
    parts += [("negation", "without a negation", negated == 0), ("negation", "with negations", negated > 0)]
    parts += [("label", f"{name} reviews", actual == label) for label, name in enumerate(CLASSES)]
    rows = []
    for group, name, inside in parts:
        if inside.any():
            low, high = measures.interval(correct[inside], seed=seed)
            row = {"group": group, "slice": name, "reviews": np.sum(inside), "accuracy": correct[inside].mean()}
            rows.append({**row, "low": low, "high": high})
    return rows
