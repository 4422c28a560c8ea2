"""Test reviews to read: typical ones, and those that the classifier gets wrong."""

from typing import Any

import numpy as np

from stages.sentiment.encoding import LINE_BREAK
from stages.sentiment.scores import CLASSES

SHORT = 60  # words: an example that can be read at a glance
LISTED = 20  # mistakes of each class in the file


def short(
    actual: np.ndarray, probability: np.ndarray, texts: np.ndarray, tokens: list[list[str]]
) -> list[dict[str, Any]]:
    """The first test review of each class with at most `SHORT` words, or its shortest: not chosen by hand."""
    lengths = np.array([len(words) for words in tokens])
    chosen = []
    for label, name in enumerate(CLASSES):
        rows = np.flatnonzero(actual == label)
        brief = rows[lengths[rows] <= SHORT]
        row = brief[0] if len(brief) else rows[np.argmin(lengths[rows])]
        chosen.append({"actual": name, "probability": probability[row], "text": plain(texts[row])})
    return chosen


def confident_mistakes(actual: np.ndarray, probability: np.ndarray, texts: np.ndarray) -> list[dict[str, Any]]:
    """The misclassified reviews with the most confident predictions: `LISTED` of each class, most confident first."""
    mistakes = []
    for label, name in enumerate(CLASSES):
        wrong = np.flatnonzero((actual == label) & ((probability >= 0.5) != actual))
        surest = wrong[np.argsort(-np.abs(probability[wrong] - 0.5), kind="stable")][:LISTED]
        mistakes += [{"actual": name, "probability": probability[row], "text": texts[row]} for row in surest]
    return mistakes


def plain(text: str) -> str:
    """A review on one line, without `<br />`."""
    return " ".join(LINE_BREAK.sub(" ", text).split())
