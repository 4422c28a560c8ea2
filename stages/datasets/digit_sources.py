"""A user's own digits, in whichever of the forms that circulate: IDX, .npz, CSV or pictures in a folder of each class.

Letters, clothes and the like are digits here too, if they have MNIST's form: 28 × 28 grey values, light on dark, and a
class each. EMNIST's files hold their pictures transposed; they are read as they are.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.core import inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import arrays, class_names, digit_tables, idx, own, pictures

Half = tuple[np.ndarray, np.ndarray]  # images, uint8, shape (n, 28, 28); labels, uint8, shape (n,)

HALVES = {"train": "train", "test": "t10k"}  # and the names that MNIST's files begin with
EMNIST = re.compile(r"(emnist-[a-z]+)-(?:train|test)-(?:images|labels)[-.]idx[13]-ubyte(?:\.gz)?")
MOST_CLASSES = 100
FORMS = (
    "a folder with the IDX files of MNIST, such as train-images-idx3-ubyte or its .gz; an .npz with x_train, y_train, "
    "x_test and y_test; a .csv of a label and 784 grey values a row, or a folder with two, train and test; a folder of "
    "pictures, <class>/* or {train,test}/<class>/*"
)


class Source(NamedTuple):
    """Digits of one source: `halves` by "train" and "test", one of them or both, and facts for the provenance."""

    halves: dict[str, Half]
    facts: dict[str, Any]  # `format`, what the source was taken for; `sha256`
    names: dict[int, str] | None = None  # of the classes, by label, where they have any


def read(path: Path) -> Source:
    """Digits of a path, in the form that its content has.

    Raises:
        StageError: it has none of the forms, or is not what it should be in the one it has.
    """
    found = _folder(path) if inputs.is_folder(path) else _file(path)
    for half, (images, labels) in found.halves.items():
        check(images, labels, f"{path}, {half}" if len(found.halves) > 1 else path)
    classes = np.unique(np.concatenate([labels for _, labels in found.halves.values()]))
    if len(classes) < 2:
        raise StageError(f"{path} has one class only, {classes[0]}; two are the least")
    if "emnist" in f"{path} {found.facts['sha256']}".lower():
        print("EMNIST's files hold their pictures transposed: they are used as they are")
    return found


def check(images: np.ndarray, labels: np.ndarray, path: str | Path) -> None:
    """Raise StageError unless these are images of 28 × 28 bytes, each with a label in 0..99."""
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise StageError(f"{path} has images of {' × '.join(map(str, images.shape[1:]))}; they should be 28 × 28 bytes")
    if not len(images):
        raise StageError(f"{path} has no images")
    if labels.shape != (len(images),):
        raise StageError(f"{path} has {len(images):,} images, but there are {len(labels):,} labels")
    if labels.max() >= MOST_CLASSES:
        raise StageError(f"{path}: its labels go up to {labels.max()}; they should be in 0..{MOST_CLASSES - 1}")


def _folder(path: Path) -> Source:
    present = own.names(path)
    prefixes = _prefixes(path, present)
    if any(idx.find(present, f"{prefix}-{kind}", number) for prefix in prefixes.values() for kind, number in idx.KINDS):
        return _idx(path, present, prefixes)
    if any(name.lower().endswith(".csv") for name in present):
        found = _tables(path, [name for name in present if name.lower().endswith(".csv")])
        return found._replace(names=class_names.beside(path, present))
    found = pictures.read(path)
    if found is None:
        raise StageError(
            f"{path} has none of the IDX files of MNIST, and no other digits; data.digits should be {FORMS}"
        )
    kind = "JPEG, PNG and BMP pictures in a folder of each class"
    ignored = f", {found.ignored:,} other files in it ignored" if found.ignored else ""
    facts = {"format": kind + ignored, "sha256": found.sha256, "sha256_of": pictures.HASHED}
    names = class_names.beside(path, present) if found.classes is None else dict(enumerate(found.classes))
    return Source(found.halves, facts, names)


def _file(path: Path) -> Source:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        halves, kind = arrays.read(path), "the arrays x_train, y_train, x_test and y_test"
    elif suffix == ".csv":
        half, kind = digit_tables.read(path)
        halves = {"train": half}
    else:
        raise StageError(f"{path} is a file; data.digits should be {FORMS}")
    return Source(halves, {"format": kind, "sha256": own.digest(path)})


def _prefixes(folder: Path, present: list[str]) -> dict[str, str]:
    """What the names of the IDX files of each half begin with: as MNIST's, or as those of one of EMNIST's sets.

    Source: Cohen, Afshar, Tapson & van Schaik 2017, "EMNIST: an extension of MNIST to handwritten letters": six sets,
    whose files come in one archive.
    """
    stems = tuple(f"{prefix}-{kind}" for prefix in HALVES.values() for kind, _ in idx.KINDS)
    if any(name.startswith(stems) for name in present):
        return HALVES
    sets = sorted({match[1] for match in map(EMNIST.fullmatch, present) if match})
    if len(sets) > 1:
        raise StageError(f"{folder} has the sets {', '.join(sets)}; put the files of one into a folder of its own")
    return {half: f"{sets[0]}-{half}" for half in HALVES} if sets else HALVES


def _idx(folder: Path, present: list[str], prefixes: dict[str, str]) -> Source:
    halves, hashes = {}, {}
    for half, prefix in prefixes.items():
        files = [idx.find(present, f"{prefix}-{kind}", number) for kind, number in idx.KINDS]
        if files == [None, None]:
            continue
        for file, (kind, number) in zip(files, idx.KINDS, strict=True):
            if file is None:
                raise StageError(f"{folder} has no file {prefix}-{kind}-idx{number}-ubyte, plain or .gz")
        halves[half] = tuple(
            idx.read(folder / file, number) for file, (_, number) in zip(files, idx.KINDS, strict=True)
        )
        check(*halves[half], folder / files[0])
        hashes |= {file: own.digest(folder / file) for file in files}
    emnist = None if prefixes is HALVES else prefixes["train"].removesuffix("-train")
    kind = f"IDX files named as {emnist or 'MNIST'}" + (", gzipped" if any(".gz" in name for name in hashes) else "")
    return Source(halves, {"format": kind, "sha256": hashes}, class_names.beside(folder, present, emnist))


def _tables(folder: Path, names: list[str]) -> Source:
    """The CSV files of a folder: one, or one whose name says train and one whose name says test."""
    chosen = {half: [name for name in names if half in name.lower()] for half in HALVES}
    if len(names) == 1:
        chosen = {"train": names, "test": []}
    for half, files in chosen.items():
        if len(files) > 1 or (half == "train" and not files):
            raise StageError(
                f"{folder} has the CSV files {own.some(names)}; one of them should be named train, and one test, or "
                "data.digits should be one of the files"
            )
    halves, hashes, kinds = {}, {}, []
    for half, files in chosen.items():
        for name in files:
            halves[half], kind = digit_tables.read(folder / name)
            hashes[name] = own.digest(folder / name)
            kinds.append(f"{own.printable(name)} as {kind}")
    return Source(halves, {"format": "; ".join(kinds), "sha256": hashes})
