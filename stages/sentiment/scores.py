"""How good probabilities of a positive review are: at a threshold, over all of them, and as probabilities.

Arrays have shape (n,): `actual` is 0 or 1, `probability` that of a positive review.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

CLASSES = ("negative", "positive")
THRESHOLDS = np.arange(1, 200) / 200
BINS = 10


def quality(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of the positive class, when `threshold` and above counts as positive.

    With them, per 1,000 reviews, false alarms (negative, taken for positive) and misses.
    """
    # Counted here: scikit-learn checks its arguments every time, so hundreds of thresholds take seconds.
    predicted, positive = probability >= threshold, actual == 1
    both, said, are = (int(np.count_nonzero(of)) for of in (predicted & positive, predicted, positive))
    return {
        "accuracy": (len(actual) - said - are + 2 * both) / len(actual),
        "precision": both / said if said else 0.0,
        "recall": both / are if are else 0.0,
        "f1": 2 * both / (said + are) if said + are else 0.0,
        "false_alarms_per_1000": 1000 * (said - both) / len(actual),
        "misses_per_1000": 1000 * (are - both) / len(actual),
    }


def table(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Rows of `threshold`, from the lowest of `THRESHOLDS` to the highest, with the `quality` at each.

    To choose a threshold, it has to be of validation reviews: one chosen on test reviews looks better than it is.
    """
    return [{"threshold": float(at), **quality(actual, probability, at)} for at in THRESHOLDS]


def most_accurate(rows: Sequence[dict[str, float]]) -> float:
    """The threshold of a `table` with the highest accuracy; of equal ones, the nearest to 0.5."""
    best = max(row["accuracy"] for row in rows)
    equal = [row["threshold"] for row in rows if np.isclose(row["accuracy"], best)]
    return min(equal, key=lambda threshold: abs(threshold - 0.5))


def operating(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Thresholds of a `table` that reach a recall or a precision, or come nearest, and cost the least of the other."""
    points = {}
    for percent in (90, 95, 99):
        reached = [row for row in rows if row["recall"] >= percent / 100]
        points[f"recall_{percent}"] = (reached or rows[:1])[-1]["threshold"]
    reached = [row for row in rows if row["precision"] >= 0.95]
    points["precision_95"] = (reached or [max(rows, key=lambda row: row["precision"])])[0]["threshold"]
    return points


def ranking(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Measures of the probabilities that need no threshold.

    The expected calibration error is the mean gap between predicted probability and share of positives in the bins of
    `calibration`, weighted by reviews. Source: Naeini, Cooper & Hauskrecht 2015, "Obtaining Well Calibrated
    Probabilities Using Bayesian Binning", AAAI, p. 2903.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # here: a second that `reprise sentiment` saves

    gaps = [row["reviews"] * abs(row["predicted"] - row["observed"]) for row in calibration(actual, probability)]
    return {
        "roc_auc": roc_auc_score(actual, probability),
        "average_precision": average_precision_score(actual, probability),
        "calibration_error": sum(gaps) / len(actual),
    }


def calibration(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Reviews in `BINS` equally wide bins of the predicted probability: mean prediction, share positive, number."""
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        {"predicted": probability[rows].mean(), "observed": actual[rows].mean(), "reviews": np.sum(rows)}
        for rows in (number == i for i in np.unique(number))
    ]


def precision_recall(actual: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall at 101 even steps, and the precision of the highest threshold that reaches each."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(actual, probability)
    steps = np.linspace(0, 1, 101)
    return steps, np.array([precision[np.flatnonzero(recall >= step - 1e-12)[-1]] for step in steps])
