"""MNIST's own file format, plain or gzipped, from a user's hands."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from stages.core import inputs
from stages.core.errors import StageError

KINDS = (("images", 3), ("labels", 1))  # and the dimensions of their arrays


def find(present: list[str], stem: str, number: int) -> str | None:
    """The file of this stem among the names in a folder, by any spelling in use; plain rather than gzipped."""
    spellings = (f"{stem}{mark}idx{number}-ubyte{suffix}" for suffix in ("", ".gz") for mark in "-.")
    return next((name for name in spellings if name in present), None)


def read(path: Path, number: int) -> np.ndarray:
    """An array of bytes in MNIST's file format, plain or gzipped.

    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", its last section: two zero bytes, 8
    for unsigned bytes, the number of dimensions, each dimension as a big-endian 32-bit number, then the bytes.

    Args:
        path: of the file; gzipped if its name ends in .gz.
        number: of dimensions it should have.

    Returns:
        uint8, of the shape in its header.

    Raises:
        StageError: it is not such a file, or has fewer or more bytes than its header says.
    """
    if inputs.is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            magic, header = file.read(4), file.read(4 * number)
            if magic != bytes([0, 0, 8, number]):
                raise StageError(f"{path} is not IDX: it begins with {magic.hex(' ')}, not 00 00 08 {number:02x}")
            if len(header) < 4 * number:
                raise StageError(f"{path} is cut off within its header")
            shape = struct.unpack(f">{number}I", header)
            if (size := math.prod(shape)) > inputs.LARGEST:
                raise StageError(f"{path} says it holds {size:,} bytes; at most {inputs.LARGEST:,} are allowed")
            content = file.read(size + 1)  # a byte more than there should be, and no more
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise StageError(f"{path} is not a whole gzip file: {error}") from error
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error
    if len(content) != size:
        told = " × ".join(map(str, shape))
        raise StageError(f"{path} should have {told} bytes after its header; it has {_more_or_less(content, size)}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def header(array: np.ndarray) -> bytes:
    """What stands before the bytes of an array, uint8, in this format."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)


def _more_or_less(content: bytes, size: int) -> str:
    return "more" if len(content) > size else f"{len(content):,}"
