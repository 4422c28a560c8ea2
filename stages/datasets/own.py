"""A user's own files, read with care: regular files of bounded size, so that nothing hangs or fills the memory."""

import hashlib
import os
import stat
from pathlib import Path

from stages.core.errors import StageError

LARGEST = 2**30  # bytes of any file
LICENCE = "not known here: that of the files' owner"


def is_folder(path: Path) -> bool:
    """Is `path` a folder, or a regular file?

    Raises:
        StageError: it is missing, may not be read, or is neither: a pipe, a device.
    """
    mode = _status(path).st_mode
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise StageError(f"{path} is not a regular file but a pipe, a socket or a device")
    return stat.S_ISDIR(mode)


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


def read(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of at most `largest` bytes.

    Raises:
        StageError: it is larger, is not a regular file, or cannot be read.
    """
    if is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")
    if (size := _status(path).st_size) > largest:
        raise StageError(f"{path} has {size:,} bytes; at most {largest:,} are allowed")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error


def decode(content: bytes, name: str | Path) -> str:
    """UTF-8 as text, a byte order mark left out, every line end a line feed.

    Raises:
        StageError: it is not text, not UTF-8, or there is nothing in it but white space.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StageError(f"{name} is UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StageError(f"{name} is not UTF-8 text: see its byte {error.start:,}; save it as UTF-8") from error
    if "\0" in text:
        raise StageError(f"{name} is not text: it holds NUL characters")
    if not text.strip():
        raise StageError(f"{name} is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


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


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise StageError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise StageError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
