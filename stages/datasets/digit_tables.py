"""Digits in a CSV file: a label and 784 grey values a row, with or without a header."""

import io
import re
import warnings
from pathlib import Path

import numpy as np

from stages.core import inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import own

PIXELS = SIDE * SIDE
LABEL = ("label", "class", "target", "digit")
MOST_LABELS = 100


def read(path: Path) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """Digits of a CSV file. The label is the column of that name, or the first where there is no header.

    Returns:
        Images, uint8, shape (n, 28, 28), rows of pixels one after the other in the file; labels, uint8, shape (n,).
        And what the file was taken for.

    Raises:
        StageError: the file cannot be read, or is not such a table: the line is named.
    """
    text = own.decode(inputs.read(path, own.LARGEST_TEXT), path)
    first = [field.strip().strip('"') for field in text.split("\n", 1)[0].split(",")]
    has_header = not all(re.fullmatch(r"-?\d+(\.\d*)?", field) for field in first)
    place = _label_column(path, first, has_header)
    values = _values(path, text, len(first), place, skip=int(has_header))
    labels = values[:, place].astype(np.uint8)
    if not has_header and len(labels) > 1 and not np.ptp(labels) and np.ptp(values[:, -1]):
        raise StageError(
            f"{path} has {labels[0]} in the first column of every row; if the label is in the last, add a header that "
            "names it label"
        )
    images = np.delete(values, place, axis=1).astype(np.uint8).reshape(-1, SIDE, SIDE)
    header = f"a header, the label in {first[place]!r}" if has_header else "no header, the label first"
    return (images, labels), f"a CSV of labels and 784 grey values ({header})"


def _label_column(path: Path, first: list[str], has_header: bool) -> int:
    """Where the label is, by the first line."""
    if len(first) == PIXELS:
        raise StageError(
            f"{path} has 784 grey values a row and no label, as Kaggle's test.csv, whose labels are not published; "
            "use train.csv: a part of it is set apart for testing here"
        )
    if len(first) != PIXELS + 1:
        raise StageError(f"{path}, line 1: {len(first):,} fields; it should have a label and 784 grey values")
    if not has_header:
        return 0
    found = [place for place, name in enumerate(first) if name.lower() in LABEL]
    if len(found) != 1:
        names = own.some(first[place] for place in found) or "none"
        raise StageError(f"{path} should have one column named {' or '.join(LABEL)}; it has {names}")
    numbers = [int(match[1]) for name in first if (match := re.fullmatch(r"pixel(\d+)", name.lower()))]
    if numbers != sorted(numbers):
        raise StageError(f"{path}: its columns pixel0, pixel1, ... are not in their order")
    return found[0]


def _values(path: Path, text: str, width: int, place: int, *, skip: int) -> np.ndarray:
    """All numbers of the table, int16, shape (n, width)."""
    try:
        with warnings.catch_warnings(action="error"):  # numpy warns of a fraction that it cuts off, and of no rows
            values = np.loadtxt(
                io.StringIO(text), np.int16, delimiter=",", comments=None, quotechar='"', skiprows=skip, ndmin=2
            )
    except (ValueError, OverflowError, Warning) as error:
        raise StageError(_problem(path, text, width, place, skip) or f"{path} is not a table: {error}") from error
    pixels_wrong = values.min() < 0 or values.max() > 255
    if pixels_wrong or values[:, place].max() >= MOST_LABELS or values.shape[1] != width:
        raise StageError(_problem(path, text, width, place, skip) or f"{path} has values out of range")
    return values


def _problem(path: Path, text: str, width: int, place: int, skip: int) -> str | None:
    """The first line that is wrong, and how."""
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if number <= skip or not line.strip():
            continue
        fields = [field.strip().strip('"') for field in line.split(",")]
        if len(fields) != width:
            return f"{path}, line {number}: {len(fields):,} fields; it should have a label and 784 grey values"
        for column, field in enumerate(fields):
            most = MOST_LABELS - 1 if column == place else 255
            what = "the label" if column == place else f"field {column + 1}"
            if not re.fullmatch(r"\d{1,3}", field, re.ASCII) or int(field) > most:
                return f"{path}, line {number}: {what} is {field[:20]!r}; it should be a whole number 0..{most}"
    return None if number > skip + 1 else f"{path} has a header and no rows"
