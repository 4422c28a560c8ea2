"""How a file of text holds several documents: a line with a form feed stands between them."""

import re
from collections.abc import Iterable

SEPARATOR = "\n\f\n"
LINE = re.compile(r"^[ \t]*\f[ \t]*$", re.MULTILINE)  # as people write it


def join(documents: Iterable[str]) -> str:
    """Documents as one text."""
    return SEPARATOR.join(documents)


def split(text: str) -> list[str]:
    """The documents of a text, without blank lines at their ends; empty ones are left out."""
    return [part.strip("\n") for part in LINE.split(text) if part.strip()]
