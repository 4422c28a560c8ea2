"""What a threshold on the probability does: quality at each one, and the choice of one on validation reviews.

To be chosen with validation reviews: a threshold chosen on the test reviews would look better than it is.
"""

from collections.abc import Sequence

import numpy as np

THRESHOLDS = np.arange(1, 200) / 200


def quality(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of the positive class, when `threshold` and above counts as positive.

    Args:
        actual: 0 or 1, shape (n,).
        probability: of a positive review, shape (n,).
        threshold: in [0, 1].

    Returns:
        These and, per 1,000 reviews, false alarms (negative, taken for positive) and misses.
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
    """Rows of `threshold`, from the lowest of `THRESHOLDS` to the highest, with the `quality` at each."""
    return [{"threshold": float(at), **quality(actual, probability, at)} for at in THRESHOLDS]


def most_accurate(rows: Sequence[dict[str, float]]) -> float:
    """The threshold of a `table` with the highest accuracy; of equal ones, the nearest to 0.5."""
    best = max(row["accuracy"] for row in rows)
    equal = [row["threshold"] for row in rows if np.isclose(row["accuracy"], best)]
    return min(equal, key=lambda threshold: abs(threshold - 0.5))


def operating(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Thresholds of a `table` that reach a recall or a precision and cost the least of the other.

    Where none reaches the goal, the one that comes nearest.
    """
    points = {}
    for percent in (90, 95, 99):
        reached = [row for row in rows if row["recall"] >= percent / 100]
        points[f"recall_{percent}"] = (reached or rows[:1])[-1]["threshold"]
    reached = [row for row in rows if row["precision"] >= 0.95]
    points["precision_95"] = (reached or [max(rows, key=lambda row: row["precision"])])[0]["threshold"]
    return points
