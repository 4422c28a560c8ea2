"""MNIST's pickle, written here opcode by opcode in small, whole and spoilt in every way."""

import gzip
import pickletools
import struct

import numpy as np
import pytest

from stages.core.errors import StageError
from stages.datasets import pickled

ROWS = (300, 256, 260)
GENERATOR = np.random.default_rng(3)
PAIRS = [(GENERATOR.integers(0, 256, (n, 28, 28)).astype(np.uint8), GENERATOR.integers(0, 10, n)) for n in ROWS]
CODES = {opcode.name: opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
FORMATS = {"PROTO": "<B", "BINPUT": "<B", "BINGET": "<B", "BININT1": "<B", "BININT2": "<H", "BININT": "<i"}


def buffers(pairs=PAIRS) -> list[bytes]:
    """The six strings: grey values / 256 as float32, labels as int64."""
    found = []
    for images, labels in pairs:
        found += [(images.astype("<f4") / 256).tobytes(), labels.astype("<i8").tobytes()]
    return found


def written(program=None, strings=None) -> bytes:
    """The bytes of a pickle of these opcodes."""
    strings = iter(buffers() if strings is None else strings)
    parts = []
    for name, argument in program or pickled.program(ROWS):
        if name in FORMATS:
            told = struct.pack(FORMATS[name], argument)
        elif name == "GLOBAL":
            told = argument.replace(" ", "\n").encode() + b"\n"
        elif name == "SHORT_BINSTRING":
            told = struct.pack("<B", len(argument)) + argument.encode()
        elif name == "BINSTRING":
            string = next(strings)
            told = struct.pack("<i", len(string)) + string
        else:
            told = b""
        parts.append(CODES[name] + told)
    return b"".join(parts)


def changed(place: int, *opcodes: tuple) -> bytes:
    """With other opcodes instead of the one at `place`."""
    program = list(pickled.program(ROWS))
    return written([*program[:place], *opcodes, *program[place + 1 :]])


def test_the_arrays_come_out_as_they_went_in():
    for (images, labels), (grey, digits) in zip(PAIRS, pickled.read(gzip.compress(written()), "x", ROWS), strict=True):
        assert grey.dtype == digits.dtype == np.uint8
        np.testing.assert_array_equal(grey, images)
        np.testing.assert_array_equal(digits, labels)


def malicious(protocol: int = 2) -> bytes:
    """A pickle that makes a file when it is loaded."""
    call = [("GLOBAL", "posix system"), ("SHORT_BINSTRING", "touch made"), ("TUPLE1", None), ("REDUCE", None)]
    start = [("PROTO", protocol)] if protocol else []
    return written([*start, *call, ("STOP", None)])


def first_string() -> int:
    return next(place for place, (name, _) in enumerate(pickled.program(ROWS)) if name == "BINSTRING")


def spoilt(place: int, value: float) -> bytes:
    """With another number at the start of one of the strings."""
    strings = buffers()
    kind = "<q" if place % 2 else "<f"
    strings[place] = struct.pack(kind, value) + strings[place][struct.calcsize(kind) :]
    return written(strings=strings)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (written()[:-1], "is not a whole gzipped pickle"),
        (written()[:50_000], "is not a whole gzipped pickle"),
        (written() + b"more", "goes on behind the end"),
        (b"", "is not a whole gzipped pickle"),
        (b"\xff" + written(), "is not a whole gzipped pickle.*opcode b'.xff' unknown"),
        (changed(1, ("GLOBAL", "posix system")), "GLOBAL 'posix system'; MNIST's file has GLOBAL 'numpy.core"),
        (changed(3, ("GLOBAL", "numpy frombuffer")), "GLOBAL 'numpy frombuffer'; MNIST's file has GLOBAL 'numpy nd"),
        (changed(1, ("GLOBAL", "m" * 100)), "is not a whole gzipped pickle"),
        (changed(5, ("BININT1", 1)), "BININT1 '1'; MNIST's file has BININT1 '0'"),
        (changed(10, ("BINGET", 1)), "byte 65: .* MNIST's file has BINPUT '3'"),
        (changed(first_string(), ("SHORT_BINSTRING", "x")), "MNIST's file has BINSTRING of 940,800 bytes"),
        (written(strings=[b"abcd", *buffers()[1:]]), "BINSTRING of 4 bytes; .* BINSTRING of 940,800 bytes"),
        (written().replace(struct.pack("<i", 940_800), struct.pack("<i", 2**31 - 1)), "asks for .* 2,147,483,647"),
        (spoilt(0, 0.3), "not of whole grey values"),
        (spoilt(2, 1.0), "not of whole grey values"),
        (spoilt(4, -1.0), "not of whole grey values"),
        (spoilt(4, float("nan")), "not of whole grey values"),
        (spoilt(1, 10), "has the label 10"),
        (spoilt(3, -1), "has the label -1"),
        (malicious(), "GLOBAL .*MNIST's file has GLOBAL 'numpy.core"),
        (malicious(4), "PROTO '4'; MNIST's file has PROTO '2'"),
        (malicious(0), "Nothing in it was executed"),
    ],
)
def test_another_pickle_is_refused_in_one_line_and_nothing_in_it_runs(content, told, workdir):
    with pytest.raises(StageError, match=rf"mnist\.pkl\.gz.*{told}") as caught:
        pickled.read(gzip.compress(content, 1), "mnist.pkl.gz", ROWS)
    assert len(str(caught.value).splitlines()) == 1
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(written(), 1)[:-20]], ids=["no gzip", "cut"])
def test_another_file_is_refused(content):
    with pytest.raises(StageError, match=r"mnist\.pkl\.gz is not a whole gzipped pickle"):
        pickled.read(content, "mnist.pkl.gz", ROWS)
