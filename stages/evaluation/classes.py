"""What the classes of digits, and the classical filters, are called in pictures, tables and the report."""

from collections.abc import Mapping

import numpy as np

from stages.core.split import PARTS, every
from stages.evaluation import charts

SHOWN = 10  # classes in a picture at most
WIDEST = 8  # characters of a name above a picture of 28 pixels
FILTERS = {  # by their names in stages/denoiser/baselines.py
    "non_local_means": "non-local means",
    "gaussian": "Gaussian blur",
    "total_variation": "total variation",
    "median_gaussian": "median + Gaussian blur",
}


class Classes:
    """The classes of a set: by name, where the source has names, otherwise by label.

    Args:
        data: of `stages.core.digits.split`: the labels of each part, and maybe `names`.
    """

    def __init__(self, data: Mapping[str, np.ndarray]) -> None:
        self._names = data.get("names", np.array([], str))
        self.labels = np.unique(np.concatenate([data[f"{part}_labels"] for part in PARTS]))

    @property
    def are_digits(self) -> bool:
        """Are these, as far as the source tells, the digits 0 to 9, or some of them?"""
        return not len(self._names) and self.labels.max() < 10

    def name(self, label: int) -> int | str:
        """The name of a class, or its label where it has none."""
        return str(self._names[label]) or int(label) if label < len(self._names) else int(label)

    def captions(self, labels: np.ndarray) -> list[str]:
        """A short name for each label, to stand above a picture, in characters that the pictures' font has."""
        names = [charts.drawn(str(self.name(label))) for label in labels]
        return [name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…" for name in names]

    def change(self, before: int, after: int) -> str:
        """One class and another that it is taken for, as a caption."""
        names = self.captions(np.array([before, after]))
        return ("\n→ " if len("".join(names)) > WIDEST - 2 else " → ").join(names)


def first_of_each(labels: np.ndarray) -> np.ndarray:
    """Row number of the first digit of each class, at most `SHOWN`, evenly spread: pictures chosen by no one."""
    first = np.unique(labels, return_index=True)[1]
    return first[every(len(first), SHOWN)]
