"""A user's own files: folders, encodings of texts, hashes, and names as messages show them."""

import hashlib
import shlex
from collections.abc import Iterable
from pathlib import Path

from stages.core.errors import StageError
from stages.datasets import encodings

LARGEST_TEXT = 2**28  # bytes of a text or a table, which takes several times as much memory
LICENCE = "not known here: that of the files' owner"
LISTED = 8  # names in a message


def names(folder: Path) -> list[str]:
    """Names of what is in a folder, sorted, whatever the order of the file system.

    Raises:
        StageError: it is missing, is a file, or may not be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir())
    except NotADirectoryError as error:
        raise StageError(f"{folder} is a file; it should be a folder") from error
    except OSError as error:
        raise StageError(f"cannot read {folder}: {error.strerror}") from error


def decode(content: bytes, name: str | Path) -> str:
    """Text, a byte order mark left out, every line end a line feed.

    Args:
        content: UTF-8, or UTF-16 or UTF-32 with a byte order mark.
        name: of the file, for errors.

    Raises:
        StageError: it is not text, is in another encoding, or there is nothing in it but white space.
    """
    encoding = encodings.marked(content)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise StageError(f"{name} is not {encoding.upper()}, as it begins: see its byte {error.start:,}") from error
        line = content.count(b"\n", 0, error.start) + 1
        place = f"see its byte {error.start:,}, in line {line:,}"
        raise StageError(f"{name} is not UTF-8 text: {place}; {_advice(content, name)}") from error
    if "\0" in text:
        guess = encodings.guess(content)
        advice = f"; {_command(guess, name)}" if guess else ""
        raise StageError(f"{name} is not text: it holds NUL characters{advice}")
    if not text.strip():
        raise StageError(f"{name} is empty")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _advice(content: bytes, name: str | Path) -> str:
    """What to do about a file that is not UTF-8."""
    if encodings.mixed(content):
        return "most of it is UTF-8, so a part in another encoding was put in; save it as UTF-8"
    guess = encodings.guess(content)
    return _command(guess, name) if guess else "save it as UTF-8"


def _command(encoding: str, name: str | Path) -> str:
    path = Path(name)
    target = path.with_name(f"{path.stem}-utf8{path.suffix}")
    paths = f"{shlex.quote(str(path))} > {shlex.quote(str(target))}"
    return f"it looks like {encoding}: type `iconv -f {encoding} -t UTF-8 {paths}`"


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Hash of a file, in hexadecimal.

    Raises:
        StageError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error


def printable(name: str | Path) -> str:
    """A file's name as valid Unicode, for JSON: a byte that is not UTF-8 is written as an escape."""
    return str(name).encode("utf-8", "backslashreplace").decode()


def some(items: Iterable[object]) -> str:
    """A list for a message: all of it, or its beginning and how many there are."""
    texts = [str(item) for item in items]
    more = f", ... ({len(texts):,} in all)" if len(texts) > LISTED else ""
    return ", ".join(text if len(text) <= 40 else f"{text[:37]}..." for text in texts[:LISTED]) + more
