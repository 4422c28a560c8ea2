"""A user's own files: bytes → text → a table; and their names and hashes for provenance and messages."""

import codecs
import csv
import hashlib
import io
import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import inputs
from stages.core.errors import StageError, shortened

LARGEST_TEXT = 2**28  # bytes of a text or a table, which takes several times as much memory
LICENCE = "not known here: that of the files' owner"
MARKS = {  # UTF-32's little-endian mark begins with UTF-16's, so it comes first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What a file that is not UTF-8 may be in; of those that fit equally well the first is named.
ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "koi8_r", "cp866", "iso8859_2", "iso8859_5", "iso8859_7"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "utf_16_le", "utf_16_be"),
]


def names(folder: Path) -> list[str]:
    """Names of what is in a folder, sorted, whatever the order of the file system."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except NotADirectoryError as error:
        raise StageError(f"{folder} is a file; it should be a folder") from error
    except OSError as error:
        raise StageError(f"cannot read {folder}: {error.strerror}") from error


def decode(content: bytes, name: str | Path) -> str:
    """Text: UTF-8, or UTF-16 or UTF-32 with a byte order mark, which is left out; every line end is a line feed.

    What is not text, is in another encoding or has only white space is refused; `name` is the file's.
    """
    encoding = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"see its byte {error.start:,}, in line {line:,}"
        advice = f": {place}; {_advice(content, name)}" if encoding == "utf-8" else f", as it begins: {place}"
        raise StageError(f"{name} is not {encoding.upper()} text{advice}") from error
    if "\0" in text:
        raise StageError(f"{name} is not text: it holds NUL characters; {_advice(content, name)}")
    if not text.strip():
        raise StageError(f"{name} is empty")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _advice(content: bytes, name: str | Path) -> str:
    """What to do about a file that is not UTF-8: the line to type, where its encoding can be guessed."""
    import charset_normalizer  # takes a moment

    text = content.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) > 2 * wrong:
        return "most of it is UTF-8, so a part in another encoding was put in; save it as UTF-8"
    guesses = charset_normalizer.from_bytes(content, cp_isolation=ENCODINGS)
    best = min(guesses, key=lambda one: (one.chaos, -one.coherence, _first(one)), default=None)
    if best is None:
        return "save it as UTF-8"
    encoding = codecs.lookup(ENCODINGS[_first(best)]).name.replace("_", "-")
    encoding = encoding.replace("utf-16-", "utf-16").upper()  # as iconv has it
    path = Path(name)
    paths = f"{shlex.quote(str(path))} > {shlex.quote(str(path.with_name(f'{path.stem}-utf8{path.suffix}')))}"
    return f"it may be {encoding}: type `iconv -f {encoding} -t UTF-8 {paths}` and see whether its accents are right"


def _first(guess: Any) -> int:
    """The place in `ENCODINGS` of the first encoding that gives the text of a guess."""
    return min(map(ENCODINGS.index, guess.could_be_from_charset))


class Table(NamedTuple):
    """A table, its rows in the order of the file."""

    columns: dict[str, list[Any]]
    format: str  # what it was taken for
    first_row: int  # the number of the first row in messages: a header is row 1
    name: str  # of the file

    def place(self, index: int) -> str:
        """The file and the row, for a message."""
        return f"{self.name}, row {index + self.first_row:,}"

    def texts(self, column: str) -> list[str]:
        """A column as text: also whole numbers, true and false; anything else than text in JSON is refused."""
        found = []
        for index, value in enumerate(self.columns[column]):
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if not isinstance(value, str | int):
                raise StageError(f"{self.place(index)}: {column} is {shortened(value, 40)}; it should be text")
            found.append(value if isinstance(value, str) else json.dumps(value))
        return found

    def column_named(self, *names: str) -> list[str]:
        """The columns that have one of these names, in small letters."""
        return [column for column in self.columns if column.lower() in names]


def table(content: bytes, name: str | Path) -> Table:
    """The table in a file, by its content: JSON Lines, or a header and fields with commas, semicolons, tabs or bars."""
    import pandas as pd

    text = decode(content, name)
    if text.lstrip().startswith("{"):
        return _json_lines(text, str(name))
    delimiter = max(",;\t|", key=text.lstrip("\n").split("\n", 1)[0].count)
    # A TSV with as many tabs in each line has its quotation marks around whole fields, or as part of the text.
    plain = delimiter == "\t" and len({line.count("\t") for line in text.split("\n") if line}) == 1
    kind = {"\t": "TSV", ",": "CSV"}.get(delimiter, f"CSV with {delimiter!r}")
    quoting = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    try:  # the header as a row: else pandas takes the first of too many fields for an index
        frame = pd.read_csv(io.StringIO(text), sep=delimiter, header=None, dtype=str, na_filter=False, quoting=quoting)
    except ValueError as error:
        reason = shortened(error).removeprefix("Error tokenizing data. C error: ")
        raise StageError(
            f"{name} is not {kind}: {reason}; a field with {delimiter!r} in it needs quotation marks"
        ) from error
    if plain:
        frame = frame.map(_unquoted)
    header = [column.strip() for column in frame.iloc[0]]
    columns = {column: frame[place].tolist()[1:] for place, column in enumerate(header)}
    if len(columns) < len(header):
        raise StageError(f"{name} has two columns of one name: {listed(header)}; rename or delete one")
    return Table(columns, kind, 2, str(name))


def _unquoted(field: str) -> str:
    """A field without the quotation marks around it; those within are doubled or have a backslash before them."""
    if len(field) < 2 or not (field.startswith('"') and field.endswith('"')):
        return field
    return field[1:-1].replace('\\"', '"').replace('""', '"')


def _json_lines(text: str, name: str) -> Table:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(filter(str.strip, text.split("\n")), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise StageError(f"{name}, row {number}: not JSON: {shortened(error)}") from error
        if not isinstance(row, dict):
            raise StageError(f'{name}, row {number}: not a JSON object such as {{"text": "Good", "label": 1}}')
        if missing := [key for key in (rows or [row])[0] if key not in row]:
            raise StageError(f"{name}, row {number}: no key {missing[0]!r}, which the first row has")
        rows.append(row)
    return Table({key: [row[key] for row in rows] for key in rows[0]}, "JSON Lines", 1, name)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(inputs.read(path)).hexdigest()


def digest_of_all(files: Iterable[tuple[str, bytes]]) -> str:
    """Hash of many files: that of a line `SHA256  NAME` for each, in their order."""
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def printable(name: str | Path) -> str:
    """A file's name as valid Unicode, for JSON: a byte that is not UTF-8 is written as an escape."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def listed(items: Iterable[object], most: int = 8) -> str:
    """A list for a message: all of it, or its beginning and how many there are."""
    texts = [shortened(item, 40) for item in items]
    return ", ".join(texts[:most]) + (f", ... ({len(texts):,} in all)" if len(texts) > most else "")
