"""A user's own files: bytes → text → a table; and their names and hashes for provenance and messages."""

import codecs
import csv
import gzip
import hashlib
import io
import json
import math
import os
import shlex
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from stages.core import artifacts
from stages.core.errors import StageError, shortened
from stages.datasets.tidy import unified

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What a file that is not UTF-8 may be in; of those that fit equally well the first is named.
ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "koi8_r", "cp866", "iso8859_2", "iso8859_5", "iso8859_7"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "utf_16_le", "utf_16_be"),
]


def below(folder: Path) -> list[Path]:
    """The files in a folder and in the folders in it, sorted; not what is hidden or what macOS adds."""

    def refuse(error: OSError) -> NoReturn:
        raise StageError(f"cannot read {error.filename}: {error.strerror}") from error

    found = []
    for root, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders[:] = [name for name in folders if name[0] not in "._"]
        found += [Path(root, name) for name in names if name[0] != "."]
    return sorted(found)


def read(path: str | Path) -> bytes:
    """The content of a file, plain or gzipped."""
    content = artifacts.read_input(path)
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)  # to the end, where the check sum is
    except (OSError, EOFError, zlib.error) as error:
        raise StageError(f"{path} is not a whole gzip file: {error}") from error


def decode(content: bytes, name: str | Path) -> str:
    """Text, `unified`: UTF-8, or UTF-16 with a byte order mark, which is left out.

    What is not text, is in another encoding or has only white space is refused; `name` is the file's.
    """
    encoding = "utf-16" if content.startswith(UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"see its byte {error.start:,}, in line {line:,}"
        kind = encoding.removesuffix("-sig").upper()
        raise StageError(f"{name} is not {kind} text: {place}; {_advice(content, Path(name))}") from error
    if "\0" in text:
        raise StageError(f"{name} is not text: it holds NUL characters; {_advice(content, Path(name))}")
    if not text.strip():
        raise StageError(f"{name} is empty")
    return unified(text)


def _advice(content: bytes, path: Path) -> str:
    """What to do about a file that is not UTF-8: the line to type, where its encoding can be guessed."""
    import charset_normalizer  # takes a moment

    def rank(guess: Any) -> tuple[float, float, int]:
        return guess.chaos, -guess.coherence, min(map(ENCODINGS.index, guess.could_be_from_charset))

    best = min(map(rank, charset_normalizer.from_bytes(content, cp_isolation=ENCODINGS)), default=None)
    if best is None:
        return "save it as UTF-8"
    encoding = ENCODINGS[best[-1]].replace("_", "-").replace("utf-16-", "utf-16").upper()  # as iconv has it
    paths = f"{shlex.quote(str(path))} > {shlex.quote(str(path.with_name(f'{path.stem}-utf8{path.suffix}')))}"
    return f"it may be {encoding}: type `iconv -f {encoding} -t UTF-8 {paths}` and see whether its accents are right"


def table(content: bytes, name: str | Path) -> pd.DataFrame:
    """The table in a file, by its content: JSON Lines, or a header and fields with commas, semicolons, tabs or bars.

    Every field is text; numbers, true and false of JSON are as JSON writes them, all else that is not text is empty.
    The index has the numbers of the rows: a header is row 1.
    """
    text = decode(content, name)
    if text.lstrip().startswith("{"):
        return _json_lines(text, name)
    delimiter = max(",;\t|", key=text.lstrip("\n").split("\n", 1)[0].count)
    tsv = delimiter == "\t"  # its fields have no tabs or line ends in them, so quotation marks may mean themselves
    quoting = csv.QUOTE_NONE if tsv else csv.QUOTE_MINIMAL
    try:  # the header as a row: else pandas takes the first of too many fields for an index
        frame = pd.read_csv(io.StringIO(text), sep=delimiter, header=None, dtype=str, na_filter=False, quoting=quoting)
    except ValueError as error:
        reason = shortened(error).removeprefix("Error tokenizing data. C error: ")
        raise StageError(
            f"{name} is not {'TSV' if tsv else 'CSV'}: {reason}; a field with {delimiter!r} in it needs quotation marks"
        ) from error
    if tsv:
        frame = frame.map(_unquoted)
    frame.index += 1
    header = frame.iloc[0].str.strip()
    if header.duplicated().any():
        raise StageError(f"{name} has two columns of one name: {listed(header)}; rename or delete one")
    return frame.iloc[1:].set_axis(header, axis="columns")


def _unquoted(field: str) -> str:
    """A field without the quotation marks around it; those within are doubled or have a backslash before them."""
    if len(field) < 2 or not (field.startswith('"') and field.endswith('"')):
        return field
    return field[1:-1].replace('\\"', '"').replace('""', '"')


def _json_lines(text: str, name: str | Path) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(filter(str.strip, text.split("\n")), start=1):
        try:
            rows.append({key: _as_text(value) for key, value in json.loads(line).items()})
        except (ValueError, AttributeError, RecursionError) as error:
            raise StageError(f"{name}, row {number}: not a JSON object: {shortened(error)}") from error
    return pd.DataFrame(rows, index=range(1, len(rows) + 1)).fillna("")


def _as_text(value: Any) -> str:
    if isinstance(value, int | float) and math.isfinite(value):
        return json.dumps(value)
    return value if isinstance(value, str) else ""


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of a line `SHA256  NAME` for each of its files."""
    if artifacts.is_folder(path):
        lines = [f"{digest(file)}  {printable(file.relative_to(path))}\n" for file in below(path)]
        content = "".join(lines).encode()
    else:
        content = artifacts.read_input(path)
    return hashlib.sha256(content).hexdigest()


def printable(name: str | Path) -> str:
    """A file's name as valid Unicode, for JSON: a byte that is not UTF-8 is written as an escape."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def listed(items: Iterable[object], most: int = 8) -> str:
    """A list for a message: all of it, or its beginning and how many there are."""
    texts = [shortened(item, 40) for item in items]
    return ", ".join(texts[:most]) + (f", ... ({len(texts):,} in all)" if len(texts) > most else "")
