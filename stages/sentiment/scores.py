"""How good probabilities of a positive review are: at a threshold, over all of them, and as probabilities.

Arrays have shape (n,): `actual` is 0 or 1, `probability` that of a positive review.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

CLASSES = ("negative", "positive")
BINS = 10


def quality(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of the positive class, when `threshold` and above counts as positive; per
    1,000 reviews, false alarms (negative, taken for positive) and misses.
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
    """The `quality` at 199 thresholds, from the lowest to the highest."""
    return [{"threshold": at / 200, **quality(actual, probability, at / 200)} for at in range(1, 200)]


def chosen(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Thresholds of a `table` of validation reviews: on test reviews, one that is chosen there looks better than it is.

    `tuned` has the highest accuracy, of equal ones the nearest to 0.5; the others reach a recall or a precision, or
    come nearest, and cost the least of the other.
    """
    found = {"tuned": max(rows, key=lambda row: (row["accuracy"], -abs(row["threshold"] - 0.5)))}
    for percent in (90, 95, 99):
        found[f"recall_{percent}"] = ([row for row in rows if row["recall"] >= percent / 100] or rows[:1])[-1]
    precise = [row for row in rows if row["precision"] >= 0.95]
    found["precision_95"] = (precise or [max(rows, key=lambda row: row["precision"])])[0]
    return {name: row["threshold"] for name, row in found.items()}


def overall(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """The `quality` at 0.5, and measures that need no threshold.

    The expected calibration error is the mean gap in the bins of `calibration`, weighted by reviews. Source: Naeini,
    Cooper & Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI, p. 2903.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # here: a second that `reprise sentiment` saves

    gaps = [row["reviews"] * abs(row["predicted"] - row["observed"]) for row in calibration(actual, probability)]
    return {
        **quality(actual, probability, 0.5),
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
