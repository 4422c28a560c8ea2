"""What an .npz or a .keras file may unpack to, checked before anything in it is read.

Both are zip archives: a file of 1.5 MB can unpack to 5 GB, and a model's configuration can ask for a layer of any size.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from stages.core.errors import StageError

LARGEST = 2**31  # bytes that an archive may unpack to; a checkpoint of the text model has 0.35 GB
LARGEST_CONFIG = 10_000_000  # bytes of a model's configuration
MODEL_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
# What reading a zip archive raises where its bytes are damaged: also unknown compressions, passwords, absurd sizes.
DAMAGED = (
    *(ValueError, EOFError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, OverflowError, AttributeError),
)
SIZES = ("units", "filters", "input_dim", "output_dim")  # of a layer: each at most the number of its weights


def check_size(file: str | Path | IO[bytes], path: str | Path) -> dict[str, int]:
    """Bytes of each member of a zip archive.

    Args:
        file: its path, or its content.
        path: for the error.

    Raises:
        StageError: all of it together is larger than `LARGEST`, or a name stands twice.
        zipfile.BadZipFile: it is no zip archive.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    if (size := sum(member.file_size for member in members)) > LARGEST:
        raise StageError(f"{path} unpacks to {size:,} bytes; at most {LARGEST:,} are allowed")
    if len({member.filename for member in members}) < len(members):
        raise StageError(f"{path} has two members of one name")
    return {member.filename: member.file_size for member in members}


def check_model(path: str | Path) -> None:
    """Refuse a .keras file whose configuration asks for more than its weights can fill.

    Raises:
        StageError: it unpacks to more than `LARGEST` bytes, lacks a member, or has a layer larger than its weights.
        zipfile.BadZipFile, ValueError: it is not a .keras file at all.
    """
    sizes = check_size(path, path)
    if missing := MODEL_MEMBERS - sizes.keys():
        raise StageError(f"{path} is not a whole Keras model: it has no {sorted(missing)[0]}")
    if sizes["config.json"] > LARGEST_CONFIG:
        raise StageError(f"{path} is not a Keras model of this project: its configuration is too large")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    weights = sizes["model.weights.h5"] // 2  # bytes of the smallest type of number
    for name, value in _sizes(config):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= weights:
            raise StageError(f"{path} is not a whole Keras model: a layer has {name} {value!r:.30}")


def _sizes(config: Any) -> Iterator[tuple[str, Any]]:
    """Every size of a layer in a model's configuration; with a stack of its own, not Python's."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from ((name, item[name]) for name in SIZES if item.get(name) is not None)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
