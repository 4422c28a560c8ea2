"""Digits as pictures, in a folder of each class."""

import io
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from stages.core import inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import user_files

HALVES = {"train": "train", "training": "train", "test": "test", "testing": "test"}
VALIDATION = ("val", "valid", "validation", "dev")
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
}  # no other decoder of Pillow's is ever started
MOST_CLASSES = 100
FEWEST = 3  # pictures of a class: one to train on, one to validate on, one to test on


def read(
    folder: Path, decode: Callable[[Path], np.ndarray]
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], dict[str, Any], dict[int, str]]:
    """Pictures of a folder, {train,test}/<class>/* or <class>/*, each made of its file by `decode`: uint8, (28, 28).

    Returns:
        The halves, "train" and "test" or one of them: images, uint8, shape (n, 28, 28), sorted by name within their
        class, and labels, uint8, shape (n,); empty without pictures. What the provenance says. The classes' names by
        label: empty where all are whole numbers 0..99, which then are the labels, else numbered in their order.
    """
    found, others = _find(folder)
    counts = Counter(path.parent.name for paths in found.values() for path in paths)
    if few := [name for name, count in counts.items() if count < FEWEST]:
        raise StageError(f"{folder}: the class {few[0]!r} has fewer than {FEWEST} pictures")
    if "train" in found and (lacking := sorted(set(counts) - {path.parent.name for path in found["train"]})):
        raise StageError(f"{folder}: the class {lacking[0]!r} has pictures to test on, but none to train on")
    label, names = _labels(folder, sorted(counts))
    halves = {}
    for half, paths in found.items():
        images = [decode(path) for path in tqdm(paths, "pictures", disable=None, leave=False)]
        halves[half] = np.stack(images), np.array([label[path.parent.name] for path in paths], np.uint8)
    files = [path for paths in found.values() for path in paths]
    ignored = f", {others:,} other files in it ignored" if others else ""
    facts = {
        "format": f"JPEG, PNG and BMP pictures in a folder of each class{ignored}",
        "sha256": user_files.digest_of_all((str(path.relative_to(folder)), inputs.read(path)) for path in files),
        "sha256_of": "a line `SHA256  NAME` for each picture, in the order here: train, test; classes; names as text",
    }
    return halves, facts, names


def _find(folder: Path) -> tuple[dict[str, list[Path]], int]:
    """Pictures by half, and how many other files there are."""
    inner = _folders(folder)
    if validation := [name for name in inner if name.lower() in VALIDATION and {"train", "test"} & set(inner)]:
        raise StageError(
            f"{folder} has a folder {validation[0]}: put its pictures into train, a part of which is held out here"
        )
    roots = [(HALVES[name.lower()], folder / name) for name in inner if name.lower() in HALVES] or [("train", folder)]
    if len({half for half, _ in roots}) < len(roots):
        raise StageError(f"{folder} has {user_files.listed(inner)}; one folder train and one test are the most")
    found: dict[str, list[Path]] = {}
    others = 0
    for half, root in sorted(roots, reverse=True):  # train, then test
        for name in _folders(root):
            paths = [root / name / file for file in user_files.names(root / name)]
            fitting = [path for path in paths if path.suffix.lower() in FORMATS and path.name[0] != "."]
            if fitting:
                found.setdefault(half, []).extend(fitting)
            others += len(paths) - len(fitting)
    return found, others


def _folders(folder: Path) -> list[str]:
    """Folders in a folder, but for hidden ones and what macOS adds."""
    return [name for name in user_files.names(folder) if name[0] not in "._" and (folder / name).is_dir()]


def _labels(folder: Path, classes: list[str]) -> tuple[dict[str, int], dict[int, str]]:
    """The label of each class, and names by label where these are not the labels."""
    if len(classes) > MOST_CLASSES:
        raise StageError(f"{folder} has {len(classes):,} classes; {MOST_CLASSES} are the most")
    if not all(name.isascii() and name.isdigit() and int(name) < MOST_CLASSES for name in classes):
        return {name: number for number, name in enumerate(classes)}, dict(enumerate(classes))
    if len(set(map(int, classes))) < len(classes):
        raise StageError(f"{folder} has two folders of one class: {user_files.listed(classes)}")
    return {name: int(name) for name in classes}, {}


def exact(path: Path) -> np.ndarray:
    """A picture of 28 × 28 grey values, uint8, shape (28, 28); every other one is refused."""
    image = opened(path)
    advice = "`reprise prepare-digits SOURCE TARGET` brings pictures to this form"
    if image.size != (SIDE, SIDE):
        raise StageError(f"{path} has {image.width} × {image.height} pixels; it should have 28 × 28: {advice}")
    pixels = np.asarray(image.convert("RGBA"))
    if np.any(pixels[..., 3] < 255) or np.any(pixels[..., :3] != pixels[..., :1]):
        raise StageError(f"{path} has colours or transparent pixels; it should be grey: {advice}")
    return pixels[..., 0]


def opened(path: Path) -> Image.Image:
    """A PNG, JPEG or BMP picture of at most 25 million pixels, 8 bits a channel, with its pixels decoded."""
    content = inputs.read(path)
    try:
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(content), formats=sorted(set(FORMATS.values())))
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
