"""How good the classifier is: over all thresholds, in parts of the reviews and against a baseline."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from stages.evaluation import measures

CLASSES = ("negative", "positive")
BINS = 10
NEGATIONS = {"not", "no", "never", "nothing", "nobody", "none", "nor", "neither", "without", "cannot"}


def ranking(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Measures of the probabilities that need no threshold; arguments as for `thresholds.quality`.

    The expected calibration error is the mean gap between predicted probability and share of positives in the bins of
    `calibration`, weighted by reviews. Source: Naeini, Cooper & Hauskrecht 2015, "Obtaining Well Calibrated
    Probabilities Using Bayesian Binning", AAAI, p. 2903.
    """
    gaps = [row["reviews"] * abs(row["predicted"] - row["observed"]) for row in calibration(actual, probability)]
    return {
        "roc_auc": roc_auc_score(actual, probability),
        "average_precision": average_precision_score(actual, probability),
        "calibration_error": sum(gaps) / len(actual),
    }


def calibration(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Reviews in `BINS` equally wide bins of the predicted probability: mean prediction, share positive, number."""
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins = [number == i for i in np.unique(number)]
    return [
        {"predicted": probability[rows].mean(), "observed": actual[rows].mean(), "reviews": np.sum(rows)}
        for rows in bins
    ]


def precision_recall(actual: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall at 101 even steps, and the precision of the highest threshold that reaches each."""
    precision, recall, _ = precision_recall_curve(actual, probability)
    steps = np.linspace(0, 1, 101)
    return steps, np.array([precision[np.flatnonzero(recall >= step - 1e-12)[-1]] for step in steps])


def paired(correct: np.ndarray, baseline: np.ndarray, *, seed: int) -> dict[str, Any]:
    """The network and a baseline compared on the same n reviews.

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


def slices(correct: np.ndarray, actual: np.ndarray, tokens: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Accuracy on parts of the n test reviews: by length, in four parts of equal size; by negation; by label.

    Args:
        correct: is the network's label correct? Shape (n,).
        actual: 0 or 1, shape (n,).
        tokens: the words of each review.

    Returns:
        Rows of `group`, `slice`, `reviews`, `accuracy`, `low` and `high`, its 95 % interval; no row for an empty part.
    """
    lengths = np.array([len(words) for words in tokens])
    bounds = [0, *np.quantile(lengths, [0.25, 0.5, 0.75]).astype(int), lengths.max()]
    parts = [
        ("length", f"{low + 1} to {high} words", (lengths > low) & (lengths <= high))
        for low, high in itertools.pairwise(bounds)
    ]
    negated = np.array([any(word in NEGATIONS or word.endswith("n't") for word in words) for words in tokens])
    parts += [("negation", "without a negation", ~negated), ("negation", "with negations", negated)]
    parts += [("label", f"{name} reviews", actual == label) for label, name in enumerate(CLASSES)]
    rows = []
    for group, name, inside in parts:
        if inside.any():
            low, high = measures.share_interval(correct[inside])
            row = {"group": group, "slice": name, "reviews": np.sum(inside), "accuracy": correct[inside].mean()}
            rows.append({**row, "low": low, "high": high})
    return rows
