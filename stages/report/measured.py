"""Numbers that carry their sources through every calculation and comparison.

The page shows the sources of each number, so that a reader can look it up and a test can find text that depends on a
result without naming it.
"""
# ruff: noqa: D102, D105 (the names of the operators say what they do)

from collections.abc import Iterable, Mapping
from typing import Any


class Measured(float):
    """A number and its `sources`: the files and keys it was computed from."""

    sources: frozenset[str]

    def __new__(cls, value: float, sources: Iterable[str] = ()) -> "Measured":
        number = super().__new__(cls, value)
        number.sources = frozenset(sources)
        return number

    def _with(self, other: Any, value: float) -> "Measured":
        return Measured(value, self.sources | sources_of(other))

    def __add__(self, other: float) -> "Measured":
        return self._with(other, float(self) + float(other))

    def __sub__(self, other: float) -> "Measured":
        return self._with(other, float(self) - float(other))

    def __mul__(self, other: float) -> "Measured":
        return self._with(other, float(self) * float(other))

    def __truediv__(self, other: float) -> "Measured":
        return self._with(other, float(self) / float(other) if float(other) else float("inf"))

    def __rsub__(self, other: float) -> "Measured":
        return self._with(other, float(other) - float(self))

    def __rtruediv__(self, other: float) -> "Measured":
        return self._with(other, float(other) / float(self) if float(self) else float("inf"))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Measured":
        return self._with(0, -float(self))

    def __abs__(self) -> "Measured":
        return self._with(0, abs(float(self)))

    def __lt__(self, other: float) -> "Truth":
        return Truth(float(self) < float(other), self.sources | sources_of(other))

    def __gt__(self, other: float) -> "Truth":
        return Truth(float(self) > float(other), self.sources | sources_of(other))

    def __le__(self, other: float) -> "Truth":
        return Truth(float(self) <= float(other), self.sources | sources_of(other))

    def __ge__(self, other: float) -> "Truth":
        return Truth(float(self) >= float(other), self.sources | sources_of(other))


class Truth:
    """The result of a comparison and the `sources` of the compared numbers."""

    def __init__(self, value: bool, sources: Iterable[str]) -> None:
        self.value, self.sources = bool(value), frozenset(sources)

    def __bool__(self) -> bool:
        return self.value

    def __and__(self, other: "Truth") -> "Truth":
        return Truth(self.value and other.value, self.sources | other.sources)

    def __or__(self, other: "Truth") -> "Truth":
        return Truth(self.value or other.value, self.sources | other.sources)


class Word(str):
    """Words that depend on measured numbers, and the `sources` of these."""

    sources: frozenset[str]

    def __new__(cls, text: str, sources: Iterable[str]) -> "Word":
        word = super().__new__(cls, text)
        word.sources = frozenset(sources)
        return word


def sources_of(*values: Any) -> frozenset[str]:
    """The sources of measured values, also in lists; other values have none."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, list | tuple):
            found |= sources_of(*value)
        else:
            found |= getattr(value, "sources", frozenset())
    return frozenset(found)


def measured(content: Any, source: str) -> Any:
    """JSON content with its numbers as `Measured`; their source is the name of the file and the dotted key."""

    def walk(value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, path) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Measured(value, [" ".join((source, ".".join(path))).strip()])
        return value

    return walk(content, ())
