"""MNIST out of a pickle that is never unpickled: only its opcodes are read.

A pickle is a program, and loading one runs it. The file here has been copied since 2013: a program of 151 known
opcodes, six of which carry the arrays as long strings. Each opcode is held against the known program, and nothing is
executed. `pickletools` documents them.
"""

import gzip
import io
import pickletools
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from stages.core.errors import StageError

SIDE = 28
ROWS = (50_000, 10_000, 10_000)  # images of the three pairs; the first two in a row are MNIST's training part
LONGEST_LINE = 64  # bytes that an opcode with a text argument may read; the known ones need 35
CHUNK = 1000  # images turned into bytes at a time

Opcode = tuple[str, Any]


class Bytes(NamedTuple):
    """The argument of an opcode whose string is an array: only its length is known beforehand."""

    count: int


class _Limited:
    """A file that hands out what the known program can ask for, and no more: a length in a pickle costs memory."""

    def __init__(self, file: Any, name: str, most: int) -> None:
        self.file, self.name, self.most = file, name, most

    def read(self, count: int) -> bytes:
        if count > self.most:
            raise StageError(f"{self.name} asks for a string of {count:,} bytes; {self.most:,} is its longest")
        return self.file.read(count)

    def readline(self) -> bytes:
        return self.file.readline(LONGEST_LINE)

    def tell(self) -> int:
        return self.file.tell()


def read(content: bytes, name: str, rows: tuple[int, int, int] = ROWS) -> list[tuple[np.ndarray, np.ndarray]]:
    """The three pairs of images and labels in `mnist.pkl.gz`.

    Args:
        content: the gzipped pickle.
        name: of the file, for errors.
        rows: images of each pair, in 256..65535.

    Returns:
        Three pairs: images, uint8, shape (n, 28, 28), 0 black to 255 white; labels, uint8, shape (n,).

    Raises:
        StageError: it is cut off, or has another opcode, argument, size or value than the known file. Nothing in it has
            been executed.
    """
    arrays: list[np.ndarray] = []
    expected = program(rows)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            limited = _Limited(file, name, most=max(rows) * SIDE * SIDE * 4)
            for (opcode, argument, position), known in zip(pickletools.genops(limited), expected, strict=True):
                _check(opcode.name, argument, known, f"{name}, byte {position}")
                if isinstance(known[1], Bytes):
                    convert = _labels if len(arrays) % 2 else _images
                    arrays.append(convert(argument.encode("latin-1"), name))
            if file.read(1):
                raise StageError(f"{name} goes on behind the end of its pickle")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise StageError(f"{name} is not a whole gzipped pickle of MNIST: {error}") from error
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def program(rows: tuple[int, int, int] = ROWS) -> Iterator[Opcode]:
    """The opcodes of the known file with their arguments: three pairs of numpy arrays, of `rows` images each."""
    yield "PROTO", 2
    memo = 0

    def put() -> Opcode:
        nonlocal memo
        memo += 1
        return "BINPUT", memo

    kinds: dict[str, int] = {}  # memo of each dtype, once it has been described
    for number, count in enumerate(rows):
        for kind, shape, size in (("f4", (count, SIDE * SIDE), 4), ("i8", (count,), 8)):
            if memo == 0:
                yield "GLOBAL", "numpy.core.multiarray _reconstruct"
                yield put()
                yield "GLOBAL", "numpy ndarray"
                yield put()
            else:
                yield from (("BINGET", 1), ("BINGET", 2))
            yield from (("BININT1", 0), ("TUPLE1", None), ("SHORT_BINSTRING", "b"), ("TUPLE3", None), ("REDUCE", None))
            yield put()
            yield from (("MARK", None), ("BININT1", 1), *(("BININT2", length) for length in shape))
            yield f"TUPLE{len(shape)}", None
            if kind in kinds:
                yield "BINGET", kinds[kind]
            else:
                if kinds:
                    yield "BINGET", 4
                else:
                    yield "GLOBAL", "numpy dtype"
                    yield put()
                yield from (("SHORT_BINSTRING", kind), ("BININT1", 0), ("BININT1", 1), ("TUPLE3", None))
                yield "REDUCE", None
                yield put()
                kinds[kind] = memo
                yield from (("MARK", None), ("BININT1", 3), ("SHORT_BINSTRING", "<"), *[("NONE", None)] * 3)
                yield from (("BININT", -1), ("BININT", -1), ("BININT1", 0), ("TUPLE", None), ("BUILD", None))
            length = count * size * (SIDE * SIDE if kind == "f4" else 1)
            yield from (("NEWFALSE", None), ("BINSTRING", Bytes(length)), ("TUPLE", None), ("BUILD", None))
        yield "TUPLE2", None
        yield put()
        if number == len(rows) - 1:
            yield from (("TUPLE3", None), ("STOP", None))


def _check(name: str, argument: Any, known: Opcode, where: str) -> None:
    """Raise StageError unless an opcode is the one that the known file has there."""
    found: Any = Bytes(len(argument)) if isinstance(known[1], Bytes) and isinstance(argument, str) else argument
    if (name, found) != known:
        told = [_told(*opcode) for opcode in ((name, found), known)]
        raise StageError(f"{where}: the opcode is {told[0]}; MNIST's file has {told[1]}. Nothing in it was executed")


def _told(name: str, argument: Any) -> str:
    if isinstance(argument, Bytes):
        return f"{name} of {argument.count:,} bytes"
    return name if argument is None else f"{name} {str(argument)[:LONGEST_LINE]!r}"


def _images(buffer: bytes, name: str) -> np.ndarray:
    """float32, little-endian, grey value / 256 → uint8, shape (n, 28, 28)."""
    floats = np.frombuffer(buffer, "<f4").reshape(-1, SIDE, SIDE)
    images = np.empty(floats.shape, np.uint8)
    for start in range(0, len(floats), CHUNK):
        grey = floats[start : start + CHUNK] * np.float32(256)  # exact: only the exponent changes
        if not np.all((grey >= 0) & (grey <= 255) & (grey == np.floor(grey))):
            raise StageError(f"{name} has an image that is not of whole grey values 0..255, each divided by 256")
        images[start : start + CHUNK] = grey
    return images


def _labels(buffer: bytes, name: str) -> np.ndarray:
    """int64, little-endian → uint8, shape (n,)."""
    labels = np.frombuffer(buffer, "<i8")
    if labels.min() < 0 or labels.max() > 9:
        raise StageError(f"{name} has the label {labels.max() if labels.max() > 9 else labels.min()}; they are 0..9")
    return labels.astype(np.uint8)
