"""Digits in an .npz as Keras ships MNIST; nothing in it is ever unpickled."""

import io
import math
import zipfile
from pathlib import Path

import numpy as np

from stages.core import inputs
from stages.core.errors import StageError, shortened
from stages.datasets import own

HEADER = 20_000  # bytes that are read before the header is understood
NAMES = {"train": ("x_train", "y_train"), "test": ("x_test", "y_test")}


def read(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The four arrays of an .npz.

    Returns:
        Under "train" and "test" images, uint8, and labels, uint8, of the shapes in the file; an axis of length 1 at
        the end is left out.

    Raises:
        StageError: it is no such file, lacks one of the arrays, or holds objects, other numbers than 0..255, or more
            bytes than are allowed.
    """
    inputs.need_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            present = archive.namelist()
            if missing := [name for pair in NAMES.values() for name in pair if f"{name}.npy" not in present]:
                names = [name.removesuffix(".npy") for name in present]
                raise StageError(f"{path} has no array {', '.join(missing)}; it has {own.some(names) or 'none'}")
            return {half: tuple(_array(archive, name, path) for name in pair) for half, pair in NAMES.items()}
    except inputs.DAMAGED as error:
        raise StageError(f"{path} is not a whole .npz: {shortened(error)}") from error
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


def _array(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    """One array. Its header is held against its size before memory is taken for what it claims."""
    with archive.open(f"{name}.npy") as member:
        start = member.read(HEADER)
        file = io.BytesIO(start)
        try:
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(file)
        except ValueError as error:
            raise StageError(f"{path}: {name} is not an array: {error}") from error
        size = math.prod(shape) * dtype.itemsize
        if size > inputs.LARGEST:
            raise StageError(f"{path}: {name} says it has {size:,} bytes; at most {inputs.LARGEST:,} are allowed")
        content = start + member.read(max(0, file.tell() + size + 1 - len(start)))
    if dtype.hasobject:
        raise StageError(f"{path}: {name} holds Python objects, which are never loaded; it should be of whole numbers")
    if dtype.kind not in "iu":
        raise StageError(f"{path}: {name} is of {dtype}; it should be of whole numbers 0..255")
    if (found := len(content) - file.tell()) != size:
        more = "more" if found > size else f"{found:,}"
        raise StageError(f"{path}: {name} should have {size:,} bytes; it has {more}")
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if array.size and (array.min() < 0 or array.max() > 255):
        raise StageError(f"{path}: {name} has {array.min()} to {array.max()}; it should have 0 to 255")
    array = array.astype(np.uint8, copy=False)
    axes = 3 if name.startswith("x") else 1
    return array[..., 0] if array.ndim == axes + 1 and array.shape[-1] == 1 else array
