"""Numbers, comparisons and lists as words."""

from collections.abc import Sequence

from stages.report.measured import Measured, Truth, Word, sources_of

FORMS = {
    "whole": lambda value: f"{value:,.0f}",
    "plain": lambda value: f"{value:g}",
    "error": lambda value: f"{value:.4f}",
    "db": lambda value: f"{value:.2f}",
    "nats": lambda value: f"{value:.3f}",
    "percent": lambda value: f"{100 * value:.1f}\u00a0%",
    "rounded_percent": lambda value: f"{100 * value:.0f}\u00a0%",
    "points": lambda value: f"{100 * value:+.1f}",
    "ratio": lambda value: f"{value:.1f}",
    "probability": lambda value: f"{value:.3f}",
}
FORMS = {name: lambda value, form=form: form(value).replace("-", "−") for name, form in FORMS.items()}
NOT_SIGNIFICANT = "no significant difference"


def verdict(
    difference: Sequence[Measured], better: str = "better", worse: str = "worse", equal: str = NOT_SIGNIFICANT
) -> Word:
    """One of three wordings, by a 95 % interval [low, high] of a difference: above 0, below 0, or with 0 inside."""
    low, high = difference
    return Word(better if float(low) > 0 else worse if float(high) < 0 else equal, sources_of(difference))


def compared(difference: Sequence[Measured]) -> Word:
    """`verdict` as the predicate of a sentence about the first of two methods."""
    return verdict(difference, "is better than", "is worse than", "does not differ significantly from")


def than(a: float, b: float, more: str = "more", less: str = "less", equal: str = "the same") -> Word:
    """One of three wordings, by how `a` compares with `b`; for numbers without an interval."""
    return Word(more if float(a) > float(b) else less if float(a) < float(b) else equal, sources_of(a, b))


def say(truth: Truth, if_true: str, if_false: str = "") -> Word:
    """One of two wordings, by the result of a comparison."""
    return Word(if_true if truth else if_false, sources_of(truth))


def listed(words: Sequence[str]) -> Word:
    """ "a", "a and b", "a, b and c"."""
    words = list(words)
    text = " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return Word(text, sources_of(words))


def span(interval: Sequence[Measured], form: str) -> Word:
    """An interval as "low to high"."""
    return Word(" to ".join(FORMS[form](float(bound)) for bound in interval), sources_of(interval))


def negative(interval: Sequence[Measured]) -> list[Measured]:
    """The interval of a difference with the opposite sign."""
    return [-bound for bound in reversed(interval)]


def spanned(some: Sequence[float], every: Sequence[float]) -> str:
    """Values as a list, or as "first to last" if they are four or more neighbours in `every`."""
    first = every.index(some[0])
    if len(some) > 3 and list(every[first : first + len(some)]) == list(some):
        return f"{some[0]:g} to {some[-1]:g}"
    return ", ".join(f"{value:g}" for value in some)


def class_noun(names: Sequence[str]) -> str:
    """What one of the classes with these names is: a digit, or else a class."""
    return "digit" if all(len(name) == 1 and name in "0123456789" for name in names) else "class"
