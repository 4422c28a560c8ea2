"""Digits as pictures, in a folder of each class."""

import hashlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from stages.core import inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import own

HALVES = {"train": "train", "training": "train", "test": "test", "testing": "test"}
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
FORMATS = ("PNG", "JPEG", "BMP")  # no other decoder of Pillow's is ever started
LARGEST = 50_000_000  # bytes of a picture
FEWEST = 3  # pictures of a class: one to train on, one to validate on, one to test on
MOST_CLASSES = 100
HASHED = "a line `SHA256  NAME` for each picture, in the order here: train, test; classes; names as text"


class Pictures(NamedTuple):
    """Pictures of a folder; `halves` as in `digit_sources`."""

    halves: dict[str, tuple[np.ndarray, np.ndarray]]
    classes: list[str] | None  # names of the classes 0, 1, ...; None where the names are the numbers
    ignored: int  # files that are no pictures by their suffix
    sha256: str


def exact(content: bytes, path: Path) -> np.ndarray:
    """A picture of 28 × 28 grey values, uint8, shape (28, 28).

    Raises:
        StageError: it is of another size, has colours, transparency or 16 bits, is animated, or is not whole.
    """
    image = opened(content, path)
    advice = "`reprise prepare-digits SOURCE TARGET` brings pictures to this form"
    if image.size != (SIDE, SIDE):
        raise StageError(f"{path} has {image.width} × {image.height} pixels; it should have 28 × 28: {advice}")
    if image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    pixels = np.asarray(image)
    if image.mode == "LA" or image.mode == "RGBA":
        if pixels[..., -1].min() < 255:
            raise StageError(f"{path} has transparent pixels; it should be grey: {advice}")
        pixels = pixels[..., :-1]
    if pixels.ndim == 3 and np.all(pixels == pixels[..., :1]):
        pixels = pixels[..., 0]
    if pixels.ndim != 2:
        raise StageError(f"{path} has colours ({image.mode}); it should be grey: {advice}")
    return pixels


def opened(content: bytes, path: Path) -> Image.Image:
    """A picture with its pixels decoded.

    Raises:
        StageError: it is no whole PNG, JPEG or BMP of at most 25 million pixels, 8 bits a channel; or is animated.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if image.width * image.height > 25_000_000:
                raise StageError(f"{path} has {image.width} × {image.height} pixels; 25,000,000 are the most")
            if getattr(image, "n_frames", 1) > 1:
                raise StageError(f"{path} is animated; it should be one picture")
            if image.mode.startswith("I") or (image.format == "PNG" and content[24] == 16):
                raise StageError(f"{path} has 16 bits a pixel; it should have 8")
            image.load()
            return image
    except StageError:
        raise
    except Exception as error:  # a decoder may raise anything on a broken file
        raise StageError(f"{path} is not a whole PNG, JPEG or BMP picture: {error or type(error).__name__}") from error


def read(folder: Path, decode: Callable[[bytes, Path], np.ndarray] = exact) -> Pictures | None:
    """Pictures in a folder of each class: {train,test}/<class>/* or <class>/*.

    Args:
        folder: with a folder of each class in it, or in its folders train and test.
        decode: content, path → uint8, shape (28, 28).

    Returns:
        The pictures, sorted by name within their class. Classes whose names are all whole numbers 0..99 have these as
        labels, others are numbered in the order of their names. None where there are no pictures.

    Raises:
        StageError: a picture is not as `decode` demands; a class has fewer than `FEWEST`, or is in the test half alone;
            there are more than `MOST_CLASSES`.
    """
    found, ignored = _find(folder)
    if not any(found.values()):
        return None
    counts: dict[str, int] = {}
    for _, name in (entry for entries in found.values() for entry in entries):
        counts[name] = counts.get(name, 0) + 1
    numbers, classes = _numbers(folder, sorted(counts))
    for name, count in counts.items():
        if count < FEWEST:
            raise StageError(f"{folder}: the class {name!r} has {count} of the pictures; at least {FEWEST} are needed")
    trained = {name for _, name in found["train"]}
    if found["train"] and (lacking := sorted(set(counts) - trained)):
        raise StageError(f"{folder}: the class {lacking[0]!r} has pictures to test on, but none to train on")
    halves, digest = {}, hashlib.sha256()
    for half, entries in found.items():
        images = np.empty((len(entries), SIDE, SIDE), np.uint8)
        for row, (path, _) in enumerate(tqdm(entries, "pictures", disable=None, leave=False)):
            content = inputs.read(path, LARGEST)
            images[row] = decode(content, path)
            line = f"{hashlib.sha256(content).hexdigest()}  {path.relative_to(folder)}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        if entries:
            halves[half] = images, np.array([numbers[name] for _, name in entries], np.uint8)
    return Pictures(halves, classes, ignored, digest.hexdigest())


def _find(folder: Path) -> tuple[dict[str, list[tuple[Path, str]]], int]:
    """Pictures by half, each as its path and its class; and how many other files there are."""
    found: dict[str, list[tuple[Path, str]]] = {"train": [], "test": []}
    inner = [name for name in _folders(folder) if name.lower() in HALVES]
    roots = [(folder / name, HALVES[name.lower()]) for name in inner] or [(folder, "train")]
    if len({half for _, half in roots}) < len(roots):
        raise StageError(f"{folder} has {own.some(inner)}; one folder to train on and one to test on are the most")
    ignored = 0
    for root, half in sorted(roots, key=lambda root: root[1] == "test"):
        for name in _folders(root):
            for file in own.names(root / name):
                if Path(file).suffix.lower() in SUFFIXES and not file.startswith("."):
                    found[half].append((root / name / file, name))
                else:
                    ignored += 1
    return found, ignored


def _folders(folder: Path) -> list[str]:
    """Folders in a folder, but for hidden ones and what macOS adds."""
    return [name for name in own.names(folder) if name[0] not in "._" and (folder / name).is_dir()]


def _numbers(folder: Path, names: list[str]) -> tuple[dict[str, int], list[str] | None]:
    """The label of each class, and their names where these are not the labels."""
    if len(names) > MOST_CLASSES:
        raise StageError(f"{folder} has {len(names):,} classes; {MOST_CLASSES} are the most")
    if all(name.isascii() and name.isdigit() and int(name) < MOST_CLASSES for name in names):
        numbers = {name: int(name) for name in names}
        if len(set(numbers.values())) < len(names):
            raise StageError(f"{folder} has two folders of one class: {own.some(names)}")
        return numbers, None
    return {name: number for number, name in enumerate(names)}, names
