"""Train, validation and test parts of a labelled dataset, and what stands between the documents of a text."""

from typing import Any

import numpy as np

PARTS = ("train", "validation", "test")
SEPARATOR = "\n\f\n"  # between two documents in data/raw/text.txt


def stratified(
    labels: np.ndarray, *, validation: float, test: float, seed: int, limit: int | None = None
) -> dict[str, np.ndarray]:
    """Split the rows of a dataset at random, each label in the same proportions.

    The split of `labels`, shape (n,), follows from them and the seed alone. `validation` and `test` are shares of the
    rows, in (0, 1); with a `limit` about this many rows are used, in the same proportions.

    Returns:
        Sorted row numbers under "train", "validation" and "test", disjoint. Every label with at least three rows is in
        all parts: the shares are rounded, but never to nothing.
    """
    # Not by name, as all other random numbers: every figure of earlier versions is of these test rows.
    generator = np.random.default_rng([seed, len(labels)])
    parts: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        if limit is not None and limit < len(labels):
            rows = rows[: max(3, round(len(rows) * limit / len(labels)))]
        held_out = max(1, round(len(rows) * test))
        chosen = max(1, round(len(rows) * validation))
        parts["test"].append(rows[:held_out])
        parts["validation"].append(rows[held_out : held_out + chosen])
        parts["train"].append(rows[held_out + chosen :])
    return {part: np.sort(np.concatenate(rows)) for part, rows in parts.items()}


def split_rows(
    labels: np.ndarray, official_test: np.ndarray, *, limit: int | None = None, **shares: Any
) -> dict[str, np.ndarray]:
    """As `stratified`, with its shares and seed; the rows that the source itself has set apart stay the test part.

    `official_test`, bool, shape (n,), has these. The shares are of the other rows; a `limit` shrinks both halves alike.
    """
    if not official_test.any():
        return stratified(labels, limit=limit, **shares)
    rows = {}
    for half, inside in (("train", ~official_test), ("test", official_test)):
        numbers = np.flatnonzero(inside)
        most = None if limit is None else round(limit * len(numbers) / len(labels))
        parts = stratified(labels[numbers], limit=most, **shares)
        rows[half] = {part: numbers[parts[part]] for part in PARTS}
    return {
        "train": np.sort(np.concatenate([rows["train"]["train"], rows["train"]["test"]])),
        "validation": rows["train"]["validation"],
        "test": np.sort(np.concatenate(list(rows["test"].values()))),
    }


def every(total: int, count: int) -> np.ndarray:
    """`count` row numbers spread evenly over `total` rows, or all of them if there are fewer."""
    count = min(count, total)
    return np.arange(count) * total // count
