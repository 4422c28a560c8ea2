"""Curves of the classifier's results, its confusion matrix and classification report, and reviews to read."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import classification_report

from stages.core import artifacts
from stages.evaluation import charts, measures
from stages.sentiment import scores
from stages.sentiment.encoding import LINE_BREAK, tokenise
from stages.sentiment.scores import CLASSES

SHOWN = {"network": "network", "nb": "NB n-grams", "tfidf": "TF-IDF"}  # methods with a curve
SHORT = 60  # words: an example that can be read at a glance
LISTED = 20  # mistakes of each class
NEGATIONS = {"not", "no", "never", "nothing", "nobody", "none", "nor", "neither", "without", "cannot"}


def write(model: Any, actual: np.ndarray, methods: Mapping[str, np.ndarray], texts: Sequence[str]) -> dict[str, Any]:
    """Write the curves of n test reviews: `actual`, 0 or 1, and the probabilities by method have shape (n,).

    Returns:
        Reviews to read, rows of `actual`, `probability` and `text`. `examples`: the first of each class with at most
        `SHORT` words, or its shortest, so not chosen by hand. `mistakes`: up to `LISTED` of each class, the most
        confident first.
    """
    predicted, tokens = methods["network"], [tokenise(text) for text in texts]
    correct = (predicted >= 0.5) == actual
    ideal = [{"predicted": at, "observed": at, "reviews": 0, "method": "perfect"} for at in (0.0, 1.0)]
    tables = {
        "confusion": [
            {"actual": CLASSES[label], "predicted": CLASSES[label if right else 1 - label]}
            for label, right in zip(actual, correct, strict=True)
        ],
        "precision_recall": [
            {"recall": recall, "precision": precision, "method": title}
            for name, title in SHOWN.items()
            for recall, precision in zip(*scores.precision_recall(actual, methods[name]), strict=True)
        ],
        "thresholds": [
            {"threshold": row["threshold"], "value": row[name], "method": name}
            for name in ("precision", "recall", "accuracy")
            for row in scores.table(actual, predicted)[1::4]
        ],
        "calibration": [{**row, "method": "network"} for row in scores.calibration(actual, predicted)] + ideal,
        "slices": slices(correct, actual, tokens),
        "layers": measures.layers(model),
    }
    for name, rows in tables.items():
        artifacts.write_csv(f"plots/sentiment/{name}.csv", rows)
    labels = (predicted >= 0.5).astype(int)
    artifacts.write_png("plots/sentiment/confusion.png", charts.confusion(actual, labels, CLASSES))
    report = classification_report(actual, labels, labels=[0, 1], target_names=CLASSES, digits=3, zero_division=0)
    page = charts.text_page({"at a threshold of 0.5": report}, title=f"{len(actual)} test reviews", width=56)
    artifacts.write_png("plots/sentiment/report.png", page)
    chosen: dict[str, list[int]] = {"examples": [], "mistakes": []}
    lengths = np.array([len(words) for words in tokens])
    for label in range(len(CLASSES)):
        rows = np.flatnonzero(actual == label)
        brief = rows[lengths[rows] <= SHORT]
        chosen["examples"].append(brief[0] if len(brief) else rows[np.argmin(lengths[rows])])
        wrong = rows[~correct[rows]]
        chosen["mistakes"] += list(wrong[np.argsort(-np.abs(predicted[wrong] - 0.5), kind="stable")][:LISTED])

    def shown(row: int) -> dict[str, Any]:
        text = " ".join(LINE_BREAK.sub(" ", texts[row]).split())
        return {"actual": CLASSES[actual[row]], "probability": predicted[row], "text": text}

    return {name: list(map(shown, rows)) for name, rows in chosen.items()}


def slices(correct: np.ndarray, actual: np.ndarray, tokens: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Accuracy on parts of the n test reviews: by length, in four parts of equal size; by negation; by label.

    `correct`: is the network's label correct? Shape (n,), as the label `actual`; `tokens`: the words of each review.

    Returns:
        Rows of `group`, `slice`, `reviews`, `accuracy`, `low` and `high`, its 95 % interval; no row for an empty part.
    """
    lengths = np.array([len(words) for words in tokens])
    bounds = [0, *np.quantile(lengths, [0.25, 0.5, 0.75]).astype(int), lengths.max()]
    parts = [
        ("length", f"{low + 1} to {high} words", (lengths > low) & (lengths <= high))
        for low, high in itertools.pairwise(bounds)
    ]
    negated = np.array([any(word in NEGATIONS or word.endswith("n't") for word in words) for words in tokens])
    parts += [("negation", "without a negation", ~negated), ("negation", "with negations", negated)]
    parts += [("label", f"{name} reviews", actual == label) for label, name in enumerate(CLASSES)]
    rows = []
    for group, name, inside in parts:
        if inside.any():
            low, high = measures.share_interval(correct[inside])
            row = {"group": group, "slice": name, "reviews": np.sum(inside), "accuracy": correct[inside].mean()}
            rows.append({**row, "low": low, "high": high})
    return rows
