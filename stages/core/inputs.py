"""The one reader of files: regular files of bounded size, so that nothing hangs or fills the memory."""

import os
import stat
import zipfile
import zlib
from pathlib import Path

from stages.core.errors import StageError

LARGEST = 2**30  # bytes of a file that a user brings, and of an archive once it is unpacked
# What reading a zip archive raises where its bytes are damaged: also unknown compressions, passwords, absurd sizes.
DAMAGED = (
    *(ValueError, EOFError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, OverflowError, AttributeError),
)


def is_folder(path: Path) -> bool:
    """Is `path` a folder, or a regular file? It must be one of them, not a pipe or a device."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise StageError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise StageError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise StageError(f"{path} is not a regular file but a pipe, a socket or a device")
    return stat.S_ISDIR(mode)


def need_file(path: Path) -> None:
    """Refuse what is no regular file."""
    if is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")


def read(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of at most `largest` bytes."""
    need_file(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(largest + 1) if size <= largest else b""  # a file in /proc says that it has none
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error
    if max(size, len(content)) > largest:
        raise StageError(f"{path} has {max(size, len(content)):,} bytes; at most {largest:,} are allowed")
    return content
