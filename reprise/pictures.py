"""Pictures of users as arrays, read and written in the formats named here.

A picture is float32 in [0, 1], shape (1, height, width) for grey, (3, height, width) for colour.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from reprise import files
from stages.core.errors import StageError

LIGHT = "the picture is mostly light; the network was trained on light digits on a dark background: try --invert"
MOST = 25_000_000  # pixels; more would take minutes and gigabytes
# No others: some of Pillow's decoders start another program (Ghostscript for EPS) or hold many pictures (ICO).
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
SUFFIXES = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF"},
    **{".webp": "WEBP", ".pgm": "PPM", ".ppm": "PPM"},
}


def read(path: str) -> np.ndarray:
    """Read a picture, rotated as its EXIF orientation says; of several in a file, the first. "-": standard input."""
    content = files.read_bytes(path)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height <= MOST:
                return _planes(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise StageError(f"{path} is not a whole picture in one of the formats {', '.join(FORMATS)}") from error
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise StageError(f"{path} is not a whole picture: {error or type(error).__name__}") from error
    raise StageError(f"{path} has {width} × {height} pixels; {MOST:,} are the most that is read")


def grey(planes: np.ndarray) -> np.ndarray:
    """The brightness of a picture, shape (height, width): the weights of ITU-R BT.601, as Pillow's."""
    weights = [1.0] if len(planes) == 1 else [0.299, 0.587, 0.114]
    return np.tensordot(np.float32(weights), planes, axes=1)


def write(path: str, planes: np.ndarray) -> None:
    """Write a picture with 8 bits a channel, in the format of the suffix; "-" is standard output, as PNG."""
    pixels = np.rint(np.moveaxis(planes, 0, -1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels[..., 0] if len(planes) == 1 else pixels).save(buffer, format_of(path))
    except (OSError, ValueError) as error:
        raise StageError(f"cannot write {path}: {error}") from error
    files.write_bytes(path, buffer.getvalue())


def format_of(path: str) -> str:
    """The format that an output's suffix stands for, PNG for "-"; refuses what cannot be written."""
    if path == files.STANDARD:
        return "PNG"
    name = SUFFIXES.get(Path(path).suffix.lower())
    if name is None:
        raise StageError(f"{path}: its suffix should name a format, one of {' '.join(SUFFIXES)}")
    files.output(path)
    return name


def _planes(image: Image.Image) -> np.ndarray:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are NaN or infinite")
        most = 65535 if image.mode != "F" else 1 if values.max() <= 1 else 255
        return np.clip(values / most, 0, 1)[None]
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if not image.has_transparency_data:
        return _array(image.convert(mode))
    *planes, alpha = _array(image.convert(f"{mode}A"))
    planes = np.stack(planes)
    # What is drawn on nothing is put on a ground that it stands out from.
    ink = float((grey(planes) * alpha).sum() / max(1, alpha.sum()))
    return alpha * planes + (1 - alpha) * np.float32(ink < 0.5)


def _array(image: Image.Image) -> np.ndarray:
    return np.moveaxis(np.atleast_3d(np.asarray(image)), -1, 0).astype(np.float32) / 255
