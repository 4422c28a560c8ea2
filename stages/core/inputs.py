"""Files that a user names or edits: regular files of bounded size, so that nothing hangs or fills the memory."""

import os
import stat
from pathlib import Path

from stages.core.errors import StageError

LARGEST = 2**30  # bytes of any file, and of any archive once it is unpacked


def is_folder(path: Path) -> bool:
    """Is `path` a folder, or a regular file?

    Raises:
        StageError: it is missing, may not be read, or is neither: a pipe, a device.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise StageError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise StageError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise StageError(f"{path} is not a regular file but a pipe, a socket or a device")
    return stat.S_ISDIR(mode)


def need_file(path: Path) -> Path:
    """The path of a regular file.

    Raises:
        StageError: it is something else, or missing.
    """
    if is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")
    return path


def read(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a file of at most `largest` bytes.

    Raises:
        StageError: it is larger, is not a regular file, or cannot be read.
    """
    need_file(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(largest + 1) if size <= largest else b""
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error
    if max(size, len(content)) > largest:
        raise StageError(f"{path} has {max(size, len(content)):,} bytes; at most {largest:,} are allowed")
    return content
