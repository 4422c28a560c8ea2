"""Files and streams that a user names: read within a limit, models of one kind, written whole to a regular file."""

import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from stages.core import artifacts, model_files
from stages.core.errors import StageError

STANDARD = "-"  # standard input or standard output
LARGEST = 100_000_000  # bytes of a picture or a prompt


def standard_input() -> BinaryIO:
    """Standard input as bytes."""
    if sys.stdin is None:
        raise StageError("standard input is closed")
    return sys.stdin.buffer


def read_bytes(path: str, most: int | None = None) -> bytes:
    """Read a file, a pipe or a device, but no more than `most` bytes; "-" is standard input."""
    most = most or LARGEST
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


def read_model(path: Path, names: Collection[str], what: str) -> Any:
    """A Keras model from its file, which has to be `what`: `names` are those that such a model has."""
    model = model_files.read(path)
    if model.name not in names:
        raise StageError(f"{path} is not {what}: its name is {model.name!r}")
    return model


def output(path: str) -> Path:
    """Where a file that is to be written goes, links followed: never a device, a pipe or a folder."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise StageError(f"cannot write {path}: it is no regular file; give a new or a regular file, or -")
    return target


def write_bytes(path: str, content: bytes) -> None:
    """Write a file whole or not at all; "-" is standard output."""
    if path != STANDARD:
        artifacts.write_bytes(output(path), content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
