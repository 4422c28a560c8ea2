"""Names of the classes of a user's digits: of the folders of pictures, or from a list next to the files."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import own

LISTED = "classes.txt"  # a line `LABEL NAME` each, as `reprise prepare-digits` writes it
LONGEST = 60  # characters of a name; more of it fit into no table


def beside(folder: Path, present: list[str], emnist: str | None = None) -> dict[int, str]:
    """Names by label, from `LISTED` or the mapping of a set of EMNIST; empty where the folder has neither.

    Args:
        folder: of the files.
        present: names of what is in it.
        emnist: the set, such as "emnist-letters".

    Raises:
        StageError: a line is no such line; it is named.
    """
    if LISTED in present:
        return _read(folder / LISTED, lambda rest: rest)
    mapping = f"{emnist}-mapping.txt"  # a line `LABEL CODE ...` each, the code points of its characters
    if emnist and mapping in present:
        return _read(folder / mapping, _characters)
    return {}


def array(names: dict[int, str], labels: np.ndarray) -> np.ndarray | None:
    """Names by label, for the raw file: the one at a label's place is its name, "" where it has none.

    Args:
        names: by label.
        labels: all of the source.

    Returns:
        Unicode, shape (highest label + 1,); None where no label of the source has another name than its number.
    """
    told = {int(label): tidy(names.get(int(label), "")) for label in np.unique(labels)}
    if all(name in ("", str(label)) for label, name in told.items()):
        return None
    return np.array([told.get(label, "") for label in range(max(told) + 1)])


def tidy(name: str) -> str:
    """A name in one line of printable characters."""
    text = " ".join(own.printable(name).split())
    text = "".join(one if one.isprintable() else "?" for one in text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _read(path: Path, name_of: Callable[[str], str | None]) -> dict[int, str]:
    """Names by label; `name_of` gives the name by the rest of a line, or None where that is none."""
    names: dict[int, str] = {}
    for number, line in enumerate(own.decode(inputs.read(path, own.LARGEST_TEXT), path).split("\n"), start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r"(\d{1,2})\s+(\S.*)", line.strip(), re.ASCII)
        name = name_of(match[2]) if match else None
        if name is None:
            raise StageError(f"{path}, line {number}: {line[:40]!r} should be a label 0..99, a space and a name")
        if int(match[1]) in names:
            raise StageError(f"{path}, line {number}: the label {match[1]} has a name already")
        names[int(match[1])] = name
    return names


def _characters(codes: str) -> str | None:
    """Characters by their code points, "65 97": "Aa"."""
    parts = codes.split()
    return "".join(chr(int(part)) for part in parts) if all(re.fullmatch(r"\d{1,6}", part) for part in parts) else None
