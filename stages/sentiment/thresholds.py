"""What a threshold on the probability does: quality at each one, and the choice of one on validation reviews."""

import numpy as np

THRESHOLDS = np.arange(1, 200) / 200
COLUMNS = ("accuracy", "precision", "recall")  # of a `table`


def quality(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of the positive class, when `threshold` and above counts as positive.

    Args:
        actual: 0 or 1, shape (n,).
        probability: of a positive review, shape (n,).
        threshold: in [0, 1].
    """
    # Counted here: scikit-learn checks its arguments every time, so hundreds of thresholds take seconds.
    predicted, positive = probability >= threshold, actual == 1
    both, said, are = (int(np.count_nonzero(of)) for of in (predicted & positive, predicted, positive))
    return {
        "accuracy": (len(actual) - said - are + 2 * both) / len(actual),
        "precision": both / said if said else 0.0,
        "recall": both / are if are else 0.0,
        "f1": 2 * both / (said + are) if said + are else 0.0,
    }


def best_threshold(actual: np.ndarray, probability: np.ndarray) -> float:
    """The `most_accurate` of `THRESHOLDS`.

    To be called with validation reviews: a threshold chosen on the test reviews would look better than it is.
    """
    return most_accurate(table(actual, probability))


def table(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, float]]:
    """Quality at each of `THRESHOLDS`, for a model file: what chooses a threshold where the reviews are not at hand.

    Returns:
        Rows of `threshold`, `accuracy`, `precision` and `recall`.
    """
    rows = []
    for threshold in THRESHOLDS:
        found = quality(actual, probability, threshold)
        rows.append({"threshold": float(threshold)} | {name: float(found[name]) for name in COLUMNS})
    return rows


def most_accurate(rows: list[dict[str, float]]) -> float:
    """The threshold of a `table` with the highest accuracy; of equal ones, the nearest to 0.5."""
    best = max(row["accuracy"] for row in rows)
    equal = [row["threshold"] for row in rows if np.isclose(row["accuracy"], best)]
    return min(equal, key=lambda threshold: abs(threshold - 0.5))
