"""Pictures of any size, brought to MNIST's form and written as its files: `reprise prepare-digits`."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.core import artifacts
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import digit_files, user_files

BOX = 20  # pixels of the longer side of a digit in MNIST
INK = 0.25  # of the way from the darkest to the lightest grey: from here on it is part of the digit


def prepared(grey: np.ndarray) -> np.ndarray:
    """A picture of a digit as MNIST has them: shape (height, width), light on dark, in [0, 1] → (28, 28).

    The greys are stretched to [0, 1], the picture is cut to its ink, the longer side brought to 20 pixels, and the
    centre of mass put in the middle: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition",
    Proc. IEEE 86(11), section III-A. A picture of 28 × 28 pixels is taken as it is; one of a single grey is refused.
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
    corner = []
    for axis, size in enumerate(small.shape):
        centre = float(small.sum(axis=1 - axis) @ np.arange(size) / small.sum())
        corner.append(int(np.clip(round((SIDE - 1) / 2 - centre), 0, SIDE - size)))
    image = np.zeros((SIDE, SIDE), np.float32)
    image[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = small
    return image


def prepare(source: Path, target: Path, *, invert: bool = False) -> list[str]:
    """Write the pictures of a folder, {train,test}/<class>/* or <class>/*, as MNIST's files in a new folder.

    Nothing is written if one picture cannot be used. `invert` is for pictures that are dark on light. Returns what was
    done, in lines to show.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise StageError(f"{target} is no empty folder; give a new one")
    light = []

    def decode(path: Path) -> np.ndarray:
        grey = on_ground(digit_files.picture(path), 1.0 if invert else 0.0)
        light.append(np.median(grey) > 0.5)
        try:
            return np.rint(prepared(1 - grey if invert else grey) * 255).astype(np.uint8)
        except StageError as error:
            raise StageError(f"{path}: {error}") from error

    halves, form, names = digit_files.read_pictures(source, decode)
    halves = digit_files.checked(halves, source)
    lines = [f"{source} is read as {form}"]
    for half, arrays in halves.items():
        for name, content in digit_files.idx_files(half, *arrays).items():
            artifacts.write_bytes(target / name, content)
        lines.append(f"{half}: {len(arrays[0]):,} pictures, {len(np.unique(arrays[1]))} classes → {target}")
    if names:
        listed = "".join(f"{label} {user_files.printable(name)}\n" for label, name in names.items())
        artifacts.write_text(target / digit_files.CLASSES, listed)
        lines.append(f"their names and numbers → {target / digit_files.CLASSES}")
    if np.mean(light) > 0.5 and not invert:
        lines.append("most pictures are mostly light; digits should be light on dark: try --invert")
    return lines


def on_ground(image: Image.Image, ground: float) -> np.ndarray:
    """Brightness in [0, 1], shape (height, width); what is transparent has that of the ground."""
    grey = np.asarray(image.convert("LA"), np.float32) / 255
    return grey[..., 0] * grey[..., 1] + ground * (1 - grey[..., 1])
