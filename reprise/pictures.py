"""Pictures of users: read and written in the formats named here."""

import io
import warnings
from pathlib import Path
from typing import NamedTuple

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


class Picture(NamedTuple):
    """`planes`: one for grey, three for colour, shape (1 or 3, height, width), float32 in [0, 1]; `alpha`: or None."""

    planes: np.ndarray
    alpha: np.ndarray | None

    @property
    def grey(self) -> np.ndarray:
        """Its brightness, shape (height, width): the weights of ITU-R BT.601, as Pillow's."""
        weights = [1.0] if len(self.planes) == 1 else [0.299, 0.587, 0.114]
        return np.tensordot(np.float32(weights), self.planes, axes=1)


def read(path: str) -> Picture:
    """Read a picture and rotate it as its EXIF orientation says; of several in a file, the first. "-": standard input.

    Raises:
        StageError: it cannot be read, is larger than `files.LARGEST`, is in no format of `FORMATS`, is damaged, holds
            NaN or infinite pixels, or has more than `MOST` pixels.
    """
    content = files.read_bytes(path)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height <= MOST:
                return _picture(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise StageError(f"{path} is not a whole picture in one of the formats {', '.join(FORMATS)}") from error
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise StageError(f"{path} is not a whole picture: {error or type(error).__name__}") from error
    raise StageError(f"{path} has {width} × {height} pixels; {MOST:,} are the most that is read")


def write(path: str, picture: Picture) -> None:
    """Write a picture with 8 bits a channel, in the format of the suffix; "-" is standard output, as PNG.

    Raises:
        StageError: it cannot be written, or not in this format.
    """
    planes = picture.planes if picture.alpha is None else [*picture.planes, picture.alpha]
    pixels = np.rint(np.stack(planes, axis=-1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, format_of(path))
    except (OSError, ValueError) as error:
        raise StageError(f"cannot write {path}: {error}") from error
    files.write_bytes(path, buffer.getvalue())


def format_of(path: str) -> str:
    """The format that an output's suffix stands for; PNG for "-".

    Raises:
        StageError: it stands for none of `SUFFIXES`, or the output is not one of `files.output`.
    """
    if path == files.STANDARD:
        return "PNG"
    name = SUFFIXES.get(Path(path).suffix.lower())
    if name is None:
        raise StageError(f"{path}: its suffix should name a format, one of {' '.join(SUFFIXES)}")
    files.output(path)
    return name


def _picture(image: Image.Image) -> Picture:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are NaN or infinite")
        most = 65535 if image.mode != "F" else 1 if values.max() <= 1 else 255
        return Picture(np.clip(values / most, 0, 1)[None], None)
    grey = image.mode in ("1", "L", "LA", "La")
    transparent = image.has_transparency_data
    pixels = np.asarray(
        image.convert({(True, False): "L", (True, True): "LA", (False, False): "RGB"}.get((grey, transparent), "RGBA"))
    )
    pixels = np.moveaxis(np.atleast_3d(pixels), -1, 0).astype(np.float32) / 255
    return Picture(pixels[:-1], pixels[-1]) if transparent else Picture(pixels, None)
