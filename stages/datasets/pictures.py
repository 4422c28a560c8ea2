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

from stages.core import artifacts
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import user_files

FORMATS = ("PNG", "JPEG", "BMP")  # no other decoder of Pillow's is ever started
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
    found = _find(folder)
    counts = Counter(path.parent.name for paths in found.values() for path in paths)
    if few := [name for name, count in counts.items() if count < FEWEST]:
        raise StageError(f"{folder}: the class {few[0]!r} has fewer than {FEWEST} pictures")
    if "train" in found and (lacking := sorted(set(counts) - {path.parent.name for path in found["train"]})):
        raise StageError(f"{folder}: the class {lacking[0]!r} has pictures to test on, but none to train on")
    if len(counts) > MOST_CLASSES:
        raise StageError(f"{folder} has {len(counts):,} classes; {MOST_CLASSES} are the most")
    label, names = {name: number for number, name in enumerate(sorted(counts))}, dict(enumerate(sorted(counts)))
    if all(name.isascii() and name.isdigit() and int(name) < MOST_CLASSES for name in counts):
        label, names = {name: int(name) for name in counts}, {}
    halves = {}
    for half, paths in found.items():
        images = [decode(path) for path in tqdm(paths, "pictures", disable=None, leave=False)]
        halves[half] = np.stack(images), np.array([label[path.parent.name] for path in paths], np.uint8)
    files = [(str(path.relative_to(folder)), path.read_bytes()) for paths in found.values() for path in paths]
    facts = {
        "format": "JPEG, PNG and BMP pictures in a folder of each class",
        "sha256": user_files.digest_of_all(files),
        "sha256_of": "a line `SHA256  NAME` for each picture, in the order here: train, test; classes; names as text",
    }
    return halves, facts, names


def _find(folder: Path) -> dict[str, list[Path]]:
    """Pictures by half: "train", then "test"; all are "train" where there are no such folders."""
    paths = user_files.below(folder)
    inner = {path.relative_to(folder).parts[0] for path in paths if path.parent != folder}
    halves = {"train", "test"} & inner
    if halves and (others := sorted(inner - halves)):
        raise StageError(f"{folder} has a folder {others[0]} beside train and test: put its pictures into one of them")
    roots = {half: folder / half for half in sorted(halves, reverse=True)} or {"train": folder}
    found = {half: [path for path in paths if path.parent.parent == root] for half, root in roots.items()}
    return {half: paths for half, paths in found.items() if paths}


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
    """A PNG, JPEG or BMP picture, 8 bits a channel, with its pixels decoded."""
    content = artifacts.read_input(path)
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            image.load()
    except Exception as error:  # a decoder may raise anything on a broken file
        raise StageError(f"{path} is not a whole PNG, JPEG or BMP picture: {error or type(error).__name__}") from error
    if image.mode.startswith("I"):
        raise StageError(f"{path} has 16 bits a pixel; it should have 8")
    return image
