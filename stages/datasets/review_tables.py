"""Reviews in a table: which of its columns is the text and which the label, and what the labels mean."""

from pathlib import Path
from typing import NamedTuple

from stages.core.errors import StageError
from stages.datasets import own, tables

TEXT = ("text", "review", "sentence", "content", "comment")
LABEL = ("label", "sentiment", "polarity", "class", "target")
SPLIT, SOURCE = "split", "source"
# Negative, positive.
LABELS = (("0", "1"), ("negative", "positive"), ("neg", "pos"), ("false", "true"), ("-1", "1"))
PAIRS = "0/1, negative/positive, neg/pos, false/true or -1/1"
LONGEST = 1_000_000  # characters of a review, as in a folder of reviews


class Columns(NamedTuple):
    """What a table of reviews holds; n rows."""

    texts: list[str]
    labels: list[int]  # 0 negative, 1 positive
    lines: list[int]  # of the file, from 1, on which the rows begin
    test: list[bool]  # the rows with the split "test", where there are rows with "train" too
    sources: list[str] | None  # where each row comes from, by the column `source`
    taken_for: str  # what the table was taken for


def read(path: Path) -> Columns:
    """Reviews of a .csv, .tsv or .jsonl file.

    Raises:
        StageError: it is no such table, or it is not clear which column or label means what.
    """
    table = tables.read(path)
    text, label = _fitting(path, table.columns, TEXT, "text"), _fitting(path, table.columns, LABEL, "label")
    texts = table.column(text)
    for line, review in zip(table.lines, texts, strict=True):
        if not review.strip():
            raise StageError(f"{path}, line {line}: the review is empty")
        if len(review) > LONGEST:
            raise StageError(f"{path}, line {line}: the review has {len(review):,} characters; at most {LONGEST:,}")
    test = _test_rows(path, table)
    labels, meaning = _labels(path, table, label)
    for half in sorted(set(test)):
        if {one for one, is_test in zip(labels, test, strict=True) if is_test == half} != {0, 1}:
            raise StageError(f"{path} has one label only with the split {'test' if half else 'train'}; each needs both")
    taken_for = f"{tables.FORMATS[path.suffix.lower()]} with the reviews in {text!r} and {meaning} in {label!r}"
    return Columns(texts, labels, table.lines, test, _sources(path, table), taken_for)


def _fitting(path: Path, columns: list[str], names: tuple[str, ...], what: str) -> str:
    """The one column whose name fits."""
    found = [column for column in columns if column.lower() in names]
    if len(found) == 1:
        return found[0]
    if found:
        raise StageError(f"{path} has several columns that may be the {what}: {own.some(found)}; rename all but one")
    advice = ""
    if len(columns) == 1 and (mark := next((mark for mark in ";\t|" if mark in columns[0]), None)):
        advice = f"; its fields are separated by {mark!r}: write them with commas, or as .tsv with tabs"
    raise StageError(
        f"{path} should have a column of the {what}, named {', '.join(names[:-1])} or {names[-1]}; "
        f"it has {own.some(columns)}{advice}"
    )


def _labels(path: Path, table: tables.Table, column: str) -> tuple[list[int], str]:
    """Labels as 0 and 1, and what they were."""
    labels = [label.strip().lower() for label in table.column(column)]
    if "" in labels:
        line = table.lines[labels.index("")]
        raise StageError(f"{path}, line {line}: the label is empty; write one or delete the row")
    found = sorted(set(labels))
    pair = next((pair for pair in LABELS if set(found) == set(pair)), None)
    if pair is not None:
        return [pair.index(label) for label in labels], "/".join(pair)
    if len(found) < 2:
        only = f"only the label {found[0]!r}" if found else "no rows"
        raise StageError(f"{path} has {only}; it should have negative and positive reviews, labelled {PAIRS}")
    if set(found) <= set(map(str, range(11))):
        raise StageError(
            f"{path}: the labels in {column!r} are {own.some(found)}, as of stars; make two classes of them, such as 0 "
            "for the lowest and 1 for the highest, and leave out the rows between"
        )
    first = {label: table.lines[labels.index(label)] for label in found[: own.LISTED]}
    listed = ", ".join(f"{label[:40]!r} (first in line {line})" for label, line in first.items())
    raise StageError(f"{path}: {len(found):,} different labels in {column!r}: {listed}; there should be two: {PAIRS}")


def _test_rows(path: Path, table: tables.Table) -> list[bool]:
    """Of each row: is it set apart for testing? A column `split` says so, of `train` and `test`."""
    found = [column for column in table.columns if column.lower() == SPLIT]
    if not found:
        return [False] * len(table.rows)
    split = [value.strip().lower() for value in table.column(found[0])]
    for line, value in zip(table.lines, split, strict=True):
        if value not in ("train", "test"):
            raise StageError(f"{path}, line {line}: the split is {value!r}; it should be train or test")
    both = len(set(split)) == 2
    return [both and value == "test" for value in split]


def _sources(path: Path, table: tables.Table) -> list[str] | None:
    """Where each row comes from, if a column `source` says so."""
    found = [column for column in table.columns if column.lower() == SOURCE]
    if not found:
        return None
    sources = [" ".join(value.split()) for value in table.column(found[0])]
    if "" in sources:
        raise StageError(
            f"{path}, line {table.lines[sources.index('')]}: the source is empty; name one in every row or in none"
        )
    return sources
