"""Files and streams that a user names: read within a limit, written whole to a new or a regular file."""

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from stages.core import artifacts
from stages.core.errors import StageError

STANDARD = "-"  # standard input or standard output
LARGEST = 100_000_000  # bytes of a picture or a prompt
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def standard_input() -> BinaryIO:
    """Standard input as bytes.

    Raises:
        StageError: it is closed.
    """
    if sys.stdin is None:
        raise StageError("standard input is closed")
    return sys.stdin.buffer


def read_bytes(path: str, most: int = LARGEST) -> bytes:
    """Read a file; "-" is standard input.

    Args:
        path: may be a pipe or a device: never more than `most` + 1 bytes of it are read.
        most: bytes.

    Raises:
        StageError: it cannot be read, or is larger than `most`.
    """
    try:
        if path == STANDARD:
            content = standard_input().read(most + 1)
        else:
            with open(path, "rb") as file:
                content = file.read(most + 1)
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > most:
        name = "standard input" if path == STANDARD else path
        raise StageError(f"{name} is larger than {most // 1_000_000:,} MB, the most that is read")
    return content


def output(path: str) -> Path:
    """Where a file that is to be written goes: links are followed, to a file that exists or to a new one.

    Raises:
        StageError: neither a new nor a regular file is there, so that no device, pipe or folder is ever replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = os.stat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return target  # new; where it cannot be made, writing says why
    except OSError as error:
        raise StageError(f"cannot write {path}: {error.strerror}") from error
    for is_kind, kind in KINDS:
        if is_kind(mode):
            raise StageError(f"cannot write {path}: it is {kind}; give a new or a regular file, or -")
    return target


def write_bytes(path: str, content: bytes) -> None:
    """Write a file whole or not at all; "-" is standard output.

    Raises:
        StageError: it cannot be written, or is not for `output`.
    """
    if path != STANDARD:
        artifacts.write_bytes(output(path), content)
        return
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise StageError(f"cannot write standard output: {error.strerror}") from error
