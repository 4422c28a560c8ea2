"""Everything a stage writes or reads: atomic, and the same bytes for the same content.

A file appears under its name only when it is whole, so a killed stage leaves no half-written file that a later one
would take for good. Nothing here stores a date, and nothing is ever unpickled.
"""

import contextlib
import io
import json
import math
import os
import secrets
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import limits
from stages.core.errors import StageError, shortened

SIGNIFICANT_DIGITS = 6


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    """Write `content` to `path` whole or not at all.

    Raises:
        StageError: the file cannot be written (disk full, no permission); an older file of that name is untouched.
    """
    path = Path(path)
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:  # x: never a file, link or pipe that is there already
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)
        raise StageError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


def temporary_name(path: Path, suffix: str = ".tmp") -> Path:
    """A new hidden name next to `path`, which no other writer has: several may write the same file at once."""
    name = path.name if len(os.fsencode(path.name)) < 200 else "long"  # a file system allows 255 bytes
    return path.with_name(f".{name}.{secrets.token_hex(8)}{suffix}")


def read_bytes(path: str | Path) -> bytes:
    """The content of a file.

    Raises:
        StageError: the file is missing or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise StageError(f"{path} does not exist; `dvc repro` makes it, `dvc pull` fetches it") from error
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with line feeds, whatever the platform's own line ends."""
    write_bytes(path, text.encode("utf-8"))


def read_text(path: str | Path) -> str:
    """Read UTF-8 text.

    Raises:
        StageError: the file is missing or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text (byte {error.start})") from error


def rounded(value: Any) -> Any:
    """`value` with every float in it, at any depth, at `SIGNIFICANT_DIGITS` digits, and numpy scalars as Python's."""
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return value


def json_text(content: Any) -> str:
    """JSON in the order given; floats are rounded, NaN and infinity are refused (they are not JSON)."""
    return json.dumps(rounded(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: str | Path, content: Any) -> None:
    """Write `json_text`."""
    write_text(path, json_text(content))


def read_json(path: str | Path) -> Any:
    """Read JSON.

    Raises:
        StageError: the file is missing or is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise StageError(f"{path} is not JSON: {error}") from error


def write_csv(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, columns in the order of the first row; floats are rounded as in `write_json`."""
    import pandas as pd

    frame = pd.DataFrame(rounded(list(rows)))
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def read_csv(path: str | Path, *, text: Iterable[str] = ()) -> Any:
    """Read CSV as a DataFrame; text stays text, also where it says NA.

    Args:
        path: of the file.
        text: columns that are text also where every row of them is a number.

    Raises:
        StageError: the file is missing or is not CSV.
    """
    import pandas as pd

    try:
        return pd.read_csv(io.BytesIO(read_bytes(path)), keep_default_na=False, dtype=dict.fromkeys(text, str))
    except ValueError as error:
        raise StageError(f"{path} is not CSV: {error}") from error


def write_npz(path: str | Path, **arrays: np.ndarray) -> None:
    """Write arrays as .npz, uncompressed: what a compressor writes depends on its version.

    `np.savez` leaves headers to Python's `zipfile`, which fills them in another way from one patch version to the next.
    """
    write_bytes(path, zipped({f"{name}.npy": npy(array) for name, array in arrays.items()}))


def npy(array: np.ndarray) -> memoryview:
    """An array as the content of a .npy file."""
    member = io.BytesIO()
    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return member.getbuffer()


def zipped(members: Mapping[str, bytes | memoryview]) -> memoryview:
    """An uncompressed zip archive whose bytes depend on its members alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            header = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            header.create_system = 3  # Unix, also where it is not
            header.external_attr = 0o600 << 16
            archive.writestr(header, content)
    return buffer.getbuffer()


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read every array of an .npz; never unpickles.

    Raises:
        StageError: the file is missing, is not an .npz, or holds pickled objects.
        MemoryError: there is too little memory for the arrays; the file is not at fault.
    """
    content = io.BytesIO(read_bytes(path))
    try:
        sizes = limits.check_size(content, path)
        with zipfile.ZipFile(content) as archive:
            return {name.removesuffix(".npy"): read_array(archive, name, size) for name, size in sizes.items()}
    except (*limits.DAMAGED, OSError) as error:
        raise StageError(f"{path} is not a valid .npz: {shortened(error)}") from error


def read_array(archive: zipfile.ZipFile, name: str, size: int) -> np.ndarray:
    """One array, after its header is held against the member's size: no memory is taken for what is not there."""
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(member)
    if (claimed := math.prod(shape) * dtype.itemsize) > size:
        raise ValueError(f"{name} says it has {claimed:,} bytes; it has {size:,}")
    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def write_png(path: str | Path, figure: Any) -> None:
    """Write a matplotlib figure as PNG and close it."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    write_bytes(path, buffer.getvalue())
