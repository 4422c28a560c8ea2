"""Tables that people bring, as CSV, TSV or JSON Lines: every row has to fit the header, else its line is named."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import own

FORMATS = {".csv": "CSV", ".tsv": "TSV", ".jsonl": "JSON Lines"}  # by the file's suffix
LONGEST = 2_000_000  # characters of a field


class Table(NamedTuple):
    """A table of text; `lines` are the numbers of the lines, from 1, on which the rows begin."""

    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """One column; `name` is in `columns`."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def read(path: Path) -> Table:
    """The table in a file, its format by its suffix: see `FORMATS`.

    Raises:
        StageError: the file cannot be read, is too large, or is as for `parse`.
    """
    return parse(inputs.read(path, own.LARGEST_TEXT), path, path.suffix.lower())


def parse(content: bytes, name: str | Path, suffix: str = ".csv") -> Table:
    """The table in some bytes.

    Args:
        content: UTF-8, or UTF-16 or UTF-32 with a byte order mark.
        name: of the file, for errors.
        suffix: in `FORMATS`.

    Raises:
        StageError: it is not text in such an encoding or not such a table, a row has another number of fields than
            the header, or two columns have the same name.
    """
    text = own.decode(content, name)
    if suffix == ".jsonl":
        columns, *rows = _json_lines(text, name)
    elif suffix == ".tsv" and _plain_tsv(text):
        columns, *rows = [(number, [_unquoted(field) for field in line.split("\t")])
                          for number, line in enumerate(text.split("\n"), start=1) if line]  # fmt: skip
    else:
        columns, *rows = _delimited(text, name, "\t" if suffix == ".tsv" else ",", FORMATS[suffix])
    header = [column.strip() for column in columns[1]]
    if twice := [column for place, column in enumerate(header) if column in header[:place]]:
        raise StageError(f"{name} has two columns of the name {twice[0]!r}; rename or delete one")
    for line, row in rows:
        if len(row) != len(header):
            raise StageError(
                f"{name}, line {line}: {len(row)} fields, but the header has {len(header)} ({own.some(header)}); "
                "a field with a comma, a tab or a line end in it has to be in quotation marks"
            )
    return Table(header, [row for _, row in rows], [line for line, _ in rows])


def _delimited(text: str, name: str | Path, delimiter: str, kind: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the lines that they begin on; blank lines are left out."""
    limit = csv.field_size_limit(LONGEST)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        line = 1
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise StageError(f"{name} is not {kind}: line {line}: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _plain_tsv(text: str) -> bool:
    """Has every line the same number of tabs? Then quotation marks only enclose fields, or are part of the text."""
    return len({line.count("\t") for line in text.split("\n") if line}) == 1


def _unquoted(field: str) -> str:
    """A field without the quotation marks around it; those within are doubled or have a backslash before them."""
    if len(field) < 2 or not (field.startswith('"') and field.endswith('"')):
        return field
    return field[1:-1].replace('\\"', '"').replace('""', '"')


def _json_lines(text: str, name: str | Path) -> Iterator[tuple[int, list[str]]]:
    """The keys of the first object, then the values of each object under these keys."""
    keys: list[str] = []
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            pairs = json.loads(content, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError) as error:
            raise StageError(f"{name}, line {line}: not JSON: {error}") from error
        if not isinstance(pairs, _Pairs):
            raise StageError(f'{name}, line {line}: not a JSON object such as {{"text": "Good", "label": 1}}')
        values = dict(pairs)
        if len(values) < len(pairs):
            raise StageError(f"{name}, line {line}: a key occurs twice")
        if not keys:
            keys = list(values)
            yield line, keys
        if missing := [key for key in keys if key not in values]:
            raise StageError(f"{name}, line {line}: no key {missing[0]!r}, which the first line has")
        yield line, [_text(values[key]) for key in keys]


class _Pairs(list):
    """A JSON object as its pairs, so that a key given twice is seen."""


def _text(value: Any) -> str:
    """A JSON value as a field: text as it is, true and false in small letters, null as nothing."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
