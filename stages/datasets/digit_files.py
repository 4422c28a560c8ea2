"""A user's own digits, in whichever of the forms that circulate: IDX, .npz, CSV, or pictures in a folder of each class.

Letters, clothes and the like are digits here too, if they have MNIST's form: 28 × 28 grey values, light on dark, and a
class each.
"""

import gzip
import io
import math
import re
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import artifacts, inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import pictures, user_files

Half = tuple[np.ndarray, np.ndarray]  # images, uint8, shape (n, 28, 28); labels, uint8, shape (n,)

IDX_NAME = re.compile(r"(train|t10k|test)-(images-idx3|labels-idx1)-ubyte(\.gz)?")  # also with a dot before idx
LABEL = ("label", "class", "target", "digit")  # names of the label's column
CLASSES = "classes.txt"  # names of classes next to the files, a line `LABEL NAME` each
FORMS = (
    "a folder with MNIST's IDX files, such as train-images-idx3-ubyte or its .gz; an .npz with x_train, y_train, "
    "x_test and y_test; a CSV of a label and 784 grey values a row, or a folder with two, train and test; a folder of "
    "pictures, <class>/* or {train,test}/<class>/*"
)


def read(path: Path) -> tuple[dict[str, Half], dict[str, Any], dict[int, str]]:
    """The halves of a path, "train" and "test" or one of them; facts for the provenance; names of classes by label."""
    halves, facts, names = (_folder if inputs.is_folder(path) else _file)(path)
    if not halves:
        raise StageError(f"{path} is none of what data.digits may be: {FORMS}")
    for images, labels in halves.values():
        check(images, labels, path)
    if len(classes := np.unique(np.concatenate([labels for _, labels in halves.values()]))) < 2:
        raise StageError(f"{path} has one class only, {classes[0]}; the label is the first column without a header")
    if np.mean([images.mean() for images, _ in halves.values()]) > 150:
        print(f"data.digits: {path} is mostly light; digits should be light on dark: `reprise prepare-digits --invert`")
    return halves, facts, names


def _folder(path: Path) -> tuple[dict[str, Half], dict[str, Any], dict[int, str]]:
    present = user_files.names(path)
    names = _class_names(path / CLASSES) if CLASSES in present else {}
    if idx := _find_idx(path, present):
        return *_idx_halves(path, idx), names
    if tables := [name for name in present if name.lower().endswith(".csv")]:
        return *_tables(path, tables), names
    halves, facts, folders = pictures.read(path, pictures.exact)
    return halves, facts, folders or names


def _file(path: Path) -> tuple[dict[str, Half], dict[str, Any], dict[int, str]]:
    start = inputs.read(path)[:4]
    if start.startswith((b"\0\0", b"\x1f\x8b")):
        return {}, {}, {}
    if start == b"PK\3\4":
        halves, taken_for = _npz(path), "the arrays x_train, y_train, x_test and y_test"
    else:
        half, taken_for = _table(path)
        halves = {"train": half}
    return halves, {"format": taken_for, "sha256": user_files.digest(path)}, {}


def check(images: np.ndarray, labels: np.ndarray, path: str | Path) -> None:
    """Raise StageError unless these are images of 28 × 28 bytes, each with a label in 0..99."""
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise StageError(f"{path} has images of {' × '.join(map(str, images.shape[1:]))}; they should be 28 × 28 bytes")
    if not len(images):
        raise StageError(f"{path} has no images")
    if images.max() <= 1:
        raise StageError(f"{path} has grey values up to {images.max()}; they should be in 0..255, 255 for white")
    if labels.shape != (len(images),):
        raise StageError(f"{path} has {len(images):,} images, but there are {len(labels):,} labels")
    if labels.max() > 99:
        raise StageError(f"{path}: its labels go up to {labels.max()}; they should be in 0..99")


# ---- MNIST's own format


def _find_idx(folder: Path, present: list[str]) -> dict[str, dict[str, Path]]:
    """MNIST's files by half and by what is left of their name; a plain one rather than a gzipped one.

    A beginning in common is allowed, as EMNIST's have it, and a folder of the file's name with the file in it.
    """
    found: dict[str, dict[str, Path]] = {}
    beginnings = set()
    for name in present:
        if match := IDX_NAME.search(name.replace(".idx", "-idx")):
            beginnings.add(name[: match.start()])
            path = folder / name / name if (folder / name / name).exists() else folder / name
            found.setdefault("train" if match[1] == "train" else "test", {}).setdefault(match[2], path)
    if len(beginnings) > 1:
        raise StageError(
            f"{folder} has the sets {user_files.listed(sorted(beginnings))}; put one into a folder of its own"
        )
    return found


def _idx_halves(folder: Path, found: dict[str, dict[str, Path]]) -> tuple[dict[str, Half], dict[str, Any]]:
    halves, hashes = {}, {}
    for half in sorted(found, reverse=True):  # train, then test
        for kind in ("images-idx3", "labels-idx1"):
            if kind not in found[half]:
                raise StageError(f"{folder} has no file {half}-{kind}-ubyte, plain or .gz")
        halves[half] = read_idx(found[half]["images-idx3"], 3), read_idx(found[half]["labels-idx1"], 1)
        check(*halves[half], found[half]["images-idx3"])
        hashes |= {path.name: user_files.digest(path) for path in found[half].values()}
    return halves, {"format": "IDX files", "sha256": hashes}


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """An array of bytes, uint8, in MNIST's file format, plain or gzipped.

    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", its last section: two zero bytes, 8
    for unsigned bytes, the number of dimensions, each dimension as a big-endian 32-bit number, then the bytes.
    """
    content = inputs.read(path)
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(inputs.LARGEST)
                packed.read(1)  # at the end gzip's check sum is read
        except (OSError, EOFError, zlib.error) as error:
            raise StageError(f"{path} is not a whole gzip file: {error}") from error
    start = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < start:
        raise StageError(f"{path} is not IDX: it begins with {content[:4].hex(' ')}, not 00 00 08 {dimensions:02x}")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        told = " × ".join(map(str, shape))
        raise StageError(f"{path} should have {told} bytes after its header; it has {len(content) - start:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def idx_files(half: str, images: np.ndarray, labels: np.ndarray) -> list[tuple[str, bytes]]:
    """MNIST's two files of a half, each as its name and its content."""
    beginning = {"train": "train", "test": "t10k"}[half]
    return [
        (
            f"{beginning}-{kind}-idx{array.ndim}-ubyte",
            struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes(),
        )
        for kind, array in (("images", images), ("labels", labels))
    ]


# ---- other forms


def _npz(path: Path) -> dict[str, Half]:
    """The arrays of an .npz as Keras ships MNIST; nothing in it is unpickled."""
    arrays = artifacts.read_npz(path)
    halves: dict[str, Half] = {}
    for half in ("train", "test"):
        for name, axes in ((f"x_{half}", 3), (f"y_{half}", 1)):
            if name not in arrays:
                raise StageError(f"{path} has no array {name}; it has {user_files.listed(arrays) or 'none'}")
            array = arrays[name]
            if array.dtype.kind not in "iu" or (array.size and (array.min() < 0 or array.max() > 255)):
                raise StageError(f"{path}: {name} is of {array.dtype}; it should be of whole numbers 0..255")
            array = array[..., 0] if array.ndim == axes + 1 and array.shape[-1] == 1 else array
            halves[half] = (*halves.get(half, ()), array.astype(np.uint8))
    return halves


def _tables(folder: Path, names: list[str]) -> tuple[dict[str, Half], dict[str, Any]]:
    """The CSV files of a folder: one, or one whose name says train and one whose name says test."""
    chosen = {half: [name for name in names if half in name.lower()] for half in ("train", "test")}
    if len(names) == 1:
        chosen = {"train": names, "test": []}
    if len(chosen["train"]) != 1 or len(chosen["test"]) > 1:
        raise StageError(
            f"{folder} has the CSV files {user_files.listed(names)}; one of them should be named train, and one test, "
            "or data.digits should be one of the files"
        )
    halves, hashes, forms = {}, {}, []
    for half, files in chosen.items():
        for name in files:
            halves[half], form = _table(folder / name)
            hashes[name] = user_files.digest(folder / name)
            forms.append(f"{user_files.printable(name)} as {form}")
    return halves, {"format": "; ".join(forms), "sha256": hashes}


def _table(path: Path) -> tuple[Half, str]:
    """A CSV of a label and 784 grey values a row, and what it was taken for.

    The label is the column of that name, or the first where there is no header.
    """
    text = user_files.decode(inputs.read(path, user_files.LARGEST_TEXT), path)
    first = [field.strip().strip('"').lower() for field in text.split("\n", 1)[0].split(",")]
    header = not all(re.fullmatch(r"-?\d+(\.\d*)?", field) for field in first)
    if len(first) != SIDE * SIDE + 1:
        raise StageError(
            f"{path}, row 1: {len(first):,} fields; it should have a label and 784 grey values. Kaggle's test.csv has "
            "no labels: use its train.csv alone"
        )
    places = [place for place, name in enumerate(first) if name in LABEL] if header else [0]
    if len(places) != 1:
        raise StageError(f"{path} should have one column named {' or '.join(LABEL)}; it has {len(places)}")
    try:
        with warnings.catch_warnings(action="error"):  # numpy warns where there are no rows
            values = np.loadtxt(
                io.StringIO(text), np.int16, delimiter=",", comments=None, quotechar='"', skiprows=int(header), ndmin=2
            )
    except (ValueError, OverflowError, Warning) as error:
        raise StageError(f"{path} is not a table of a label and 784 grey values: {error} (from row 0)") from error
    most = np.full(values.shape[1], 255)
    most[places] = 99
    if len(wrong := np.argwhere((values < 0) | (values > most))):
        row, column = wrong[0]
        raise StageError(
            f"{path}, row {row + 1 + header}: its value {column + 1} is {values[row, column]}; labels should be in "
            "0..99 and grey values in 0..255"
        )
    labels = values[:, places[0]].astype(np.uint8)
    images = np.delete(values, places, axis=1).astype(np.uint8).reshape(-1, SIDE, SIDE)
    told = f"a header, the label in {first[places[0]]!r}" if header else "no header, the label first"
    return (images, labels), f"a CSV of labels and 784 grey values ({told})"


def _class_names(path: Path) -> dict[int, str]:
    """Names by label."""
    names: dict[int, str] = {}
    for number, line in enumerate(user_files.decode(inputs.read(path), path).split("\n"), start=1):
        match = re.fullmatch(r"\s*(\d{1,2})\s+(\S.*)", line, re.ASCII)
        if line.strip() and (match is None or int(match[1]) in names):
            raise StageError(
                f"{path}, line {number}: {line[:40]!r} should be a label 0..99, each once, a space and a name"
            )
        if match:
            names[int(match[1])] = match[2].strip()
    return names
