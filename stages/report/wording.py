"""Numbers, comparisons and lists as words."""

import re
from collections.abc import Sequence

from markupsafe import Markup

FORMS = {
    "whole": "{:,.0f}",
    "plain": "{:g}",
    "error": "{:.4f}",
    "db": "{:.2f}",
    "nats": "{:.3f}",
    "change": "{:+.3f}",
    "probability": "{:.3f}",
    "ratio": "{:.1f}",
    "percent": "{:.1%}",
    "rounded_percent": "{:.0%}",
    "points": "{:+.1f}",
}
FEW = 30  # test items below which nothing is said about a difference
# Characters with a meaning in Markdown, in HTML or on a Git host, also at the beginning of a line.
MARKS = re.compile(r"[!#$&*+\-./:<=>@\[\\\]^_`{|}~]")


def formatted(value: float, form: str) -> str:
    """A number in one of `FORMS`."""
    value = 100 * value if form == "points" else value
    return FORMS[form].format(value).replace("-", "−").replace("%", "\u00a0%")


def span(interval: Sequence[float], form: str) -> str:
    """An interval as "low to high"."""
    return " to ".join(formatted(bound, form) for bound in interval)


def bold(text: str, condition: bool = True) -> str:
    """`text`, in bold where `condition` holds: which of several results is the best one is computed."""
    return f"**{text}**" if condition else text


def verdict(difference: Sequence[float], items: int) -> str:
    """What a 95 % interval [low, high] of a difference over `items` test items says: above 0 is better."""
    low, high = difference
    if items < FEW:
        return f"too few to tell ({items})"
    return "better" if low > 0 else "worse" if high < 0 else "no significant difference"


def compared(difference: Sequence[float], items: int) -> str:
    """`verdict` as the predicate of a sentence about the first of two methods."""
    words = {
        "better": "is better than",
        "worse": "is worse than",
        "no significant difference": "does not differ significantly from",
    }
    return words.get(verdict(difference, items), f"has too few test items, {items}, to be compared with")


def negative(interval: Sequence[float]) -> list[float]:
    """The interval of a difference with the opposite sign."""
    return [-bound for bound in reversed(interval)]


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def spanned(some: Sequence[float], every: Sequence[float]) -> str:
    """Values as a list, or as "first to last" if they are four or more neighbours in `every`."""
    first = every.index(some[0])
    if len(some) > 3 and list(every[first : first + len(some)]) == list(some):
        return f"{some[0]:g} to {some[-1]:g}"
    return ", ".join(f"{value:g}" for value in some)


def literal(text: str) -> Markup:
    """Text from data, escaped for Markdown and HTML, in one line."""
    return Markup(MARKS.sub(lambda match: f"&#{ord(match[0])};", " ".join(str(text).split())))


def verbatim(text: str) -> Markup:
    """Text from data with its line breaks; in <pre>, a blank line does not end the HTML block."""
    return Markup('<pre dir="auto">{}</pre>').format(text.strip("\n"))
