"""Pictures of any size, brought to MNIST's form and written as its files: `reprise prepare-digits`."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.core import artifacts, inputs
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import digit_sources, idx, own, pictures

BOX = 20  # pixels of the longer side of a digit in MNIST
INK = 0.25  # of the way from the darkest to the lightest grey: from here on it is part of the digit


def prepared(grey: np.ndarray) -> np.ndarray:
    """A picture of a digit as MNIST has them: shape (height, width), light on dark, in [0, 1] → (28, 28).

    The greys are stretched to [0, 1], the picture is cut to its ink, the longer side brought to 20 pixels, and the
    centre of mass put in the middle: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition",
    Proc. IEEE 86(11), section III-A. A picture of 28 × 28 pixels is taken as it is.

    Raises:
        StageError: it is all of one grey.
    """
    if grey.shape == (SIDE, SIDE):
        return grey.astype(np.float32)
    if np.ptp(grey) < 0.02:
        raise StageError("the picture is all of one grey: there is no digit in it")
    grey = (grey - grey.min()) / np.ptp(grey)
    rows, columns = (np.flatnonzero((grey >= INK).any(axis=axis)) for axis in (1, 0))
    ink = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(BOX * side / max(ink.shape))) for side in ink.shape)
    small = Image.fromarray(ink.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    small = np.clip(np.asarray(small), 0, 1)
    top, left = (
        int(
            np.clip(
                round((SIDE - 1) / 2 - float(small.sum(axis=1 - axis) @ np.arange(size) / small.sum())), 0, SIDE - size
            )
        )
        for axis, size in enumerate(small.shape)
    )
    image = np.zeros((SIDE, SIDE), np.float32)
    image[top : top + height, left : left + width] = small
    return image


def prepare(source: Path, target: Path, *, invert: bool = False) -> list[str]:
    """Write pictures in a folder of each class as MNIST's files.

    Args:
        source: a folder, {train,test}/<class>/* or <class>/*, of PNG, JPEG or BMP pictures of any size.
        target: a folder that is made, or is empty.
        invert: the pictures are dark on light.

    Returns:
        What was done, in lines to show.

    Raises:
        StageError: there are no pictures, or one cannot be used; nothing is written then. Or `target` cannot be used.
    """
    if target.exists() and own.names(target):
        raise StageError(f"{target} is not empty; give a new folder")
    light = []

    def decode(content: bytes, path: Path) -> np.ndarray:
        grey = _grey(pictures.opened(content, path), background=1.0 if invert else 0.0)
        light.append(np.median(grey) > 0.5)
        try:
            return np.rint(prepared(1 - grey if invert else grey) * 255).astype(np.uint8)
        except StageError as error:
            raise StageError(f"{path}: {error}") from error

    if not inputs.is_folder(source) or (found := pictures.read(source, decode)) is None:
        raise StageError(f"{source} has no pictures in a folder of each class, <class>/* or {{train,test}}/<class>/*")
    lines = []
    for half, arrays in found.halves.items():
        digit_sources.check(*arrays, source)
        for (kind, number), array in zip(idx.KINDS, arrays, strict=True):
            name = f"{digit_sources.HALVES[half]}-{kind}-idx{number}-ubyte"
            artifacts.write_bytes(target / name, idx.header(array) + array.tobytes())
        lines.append(f"{half}: {len(arrays[0]):,} pictures, {len(np.unique(arrays[1]))} classes → {target}")
    if found.classes is not None:
        names = [own.printable(name) for name in found.classes]
        artifacts.write_text(target / "classes.txt", "".join(f"{number} {name}\n" for number, name in enumerate(names)))
        lines.append(f"their names and numbers → {target / 'classes.txt'}")
    if found.ignored:
        lines.append(f"{found.ignored:,} other files ignored")
    if np.mean(light) > 0.5 and not invert:
        lines.append("most pictures are mostly light; digits should be light on dark: try --invert")
    return lines


def _grey(image: Image.Image, background: float) -> np.ndarray:
    """Brightness in [0, 1], shape (height, width); what is transparent has that of the background."""
    if image.has_transparency_data:
        grey = np.asarray(image.convert("LA"), np.float32) / 255
        return grey[..., 0] * grey[..., 1] + background * (1 - grey[..., 1])
    return np.asarray(image.convert("L"), np.float32) / 255
