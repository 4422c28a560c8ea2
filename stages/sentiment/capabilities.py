"""How a classifier does on the short sentences of `sentences.generate`, capability by capability."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stages.sentiment.encoding import encode, numbers, tokenise
from stages.sentiment.preprocess import arrays_of
from stages.sentiment.scores import calibration_error, quality
from stages.sentiment.sentences import CAPABILITIES, Sentence, generate

PARTS = ("sentences", "like")  # names of the arrays: the sentences, and what each is compared with
END = re.compile(r"[.!?;:\n]+|<br\s*/?>", re.IGNORECASE)  # of a sentence in a review
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)  # compared on sentences and on reviews
SHOWN = 2  # worst sentences of each capability


class Verdicts(NamedTuple):
    """Probabilities that one method gives: of the sentences, and of those that each is compared with; shape (n,)."""

    sentences: np.ndarray
    like: np.ndarray


def unseen(texts: Sequence[str], seed: int) -> list[Sentence]:
    """The generated set, without the sentences that are one of a training review too.

    Sentences are compared by their words, as the classifier reads them: case and punctuation do not count.

    Args:
        texts: of the training reviews.
        seed: of the set.
    """
    generated = [(one, {tuple(tokenise(text)) for text in (one.text, one.like) if text}) for one in generate(seed)]
    wanted = set().union(*(words for _, words in generated))
    parts = (tuple(tokenise(part)) for text in texts for part in END.split(text))
    trained = wanted.intersection(parts)
    return [one for one, words in generated if not words & trained]


def arrays(sentences: Sequence[Sentence], vocabulary: Sequence[str], known: np.ndarray) -> dict[str, np.ndarray]:
    """The sentences as preprocess writes reviews: arrays of the two `PARTS`, under names such as `sentences_words`.

    Args:
        sentences: n of them.
        vocabulary: the words that have an id.
        known: keys of the n-grams that have an id.
    """
    number, found = numbers(vocabulary), {}
    texts = ([one.text for one in sentences], [one.like or one.text for one in sentences])
    for part, some in zip(PARTS, texts, strict=True):
        ids = [encode(tokenise(text), number) for text in some]
        found |= {f"{part}_labels": np.zeros(len(ids), np.uint8), **arrays_of(part, ids, len(vocabulary), known)}
    return found


def measure(sentences: Sequence[Sentence], verdicts: Mapping[str, Verdicts]) -> dict[str, Any]:
    """Scores per capability and method.

    Args:
        sentences: n of them.
        verdicts: of each method.

    Returns:
        `capabilities`: name → method → score in [0, 1]: the accuracy at 0.5, the share of pairs with equal verdicts,
        or, of neutral sentences, 1 minus twice the mean distance from 0.5. `mean` over the capabilities and
        `calibration_error` on the sentences that have a label, by method.
    """
    names = np.array([one.capability for one in sentences])
    scores = {
        key_of(name): {
            method: _score([one for one in sentences if one.capability == name], _rows(found, names == name))
            for method, found in verdicts.items()
        }
        for name in CAPABILITIES
    }
    labelled = np.array([one.expected in ("negative", "positive") for one in sentences])
    actual = np.array([one.expected == "positive" for one in sentences])[labelled].astype(int)
    return {
        "count": len(sentences),
        "capabilities": scores,
        "mean": {method: np.mean([row[method] for row in scores.values()]) for method in verdicts},
        "calibration_error": {
            method: calibration_error(actual, found.sentences[labelled]) for method, found in verdicts.items()
        },
    }


def by_threshold(
    sentences: Sequence[Sentence], found: Verdicts, actual: np.ndarray, probability: np.ndarray
) -> dict[str, Any]:
    """What a threshold does on sentences, beside what it does on reviews.

    Args:
        sentences: n of them; those that have a label are counted.
        found: the network's verdicts on them.
        actual: labels of the test reviews, 0 or 1.
        probability: of the test reviews.

    Returns:
        Name of each of `THRESHOLDS` → `threshold`, and `precision` and `recall` on `sentences` and on `reviews`.
    """
    labelled = np.array([one.expected in ("negative", "positive") for one in sentences])
    expected = np.array([one.expected == "positive" for one in sentences])[labelled].astype(int)
    sets = {"sentences": (expected, found.sentences[labelled]), "reviews": (actual, probability)}
    rows = {}
    for threshold in THRESHOLDS:
        rows[f"at_{100 * threshold:.0f}"] = row = {"threshold": threshold}
        for name, (labels, values) in sets.items():
            measured = quality(labels, values, threshold)
            row[name] = {key: measured[key] for key in ("precision", "recall")}
    return rows


def key_of(capability: str) -> str:
    """The key of a capability in metrics/sentiment.json."""
    return re.sub(r"\W+", "_", capability)


def worst(sentences: Sequence[Sentence], found: Verdicts) -> list[dict[str, Any]]:
    """The sentences of each capability that one method gets most wrong, those with the largest error first."""
    error = np.array([_error(*row) for row in zip(sentences, *found, strict=True)])
    rows = []
    for name in CAPABILITIES:
        inside = np.flatnonzero([one.capability == name for one in sentences])
        for row in inside[np.argsort(-error[inside], kind="stable")][:SHOWN]:
            if error[row] > 0:
                about = {"probability": found.sentences[row], "probability_like": found.like[row]}
                rows.append({**sentences[row]._asdict(), **about})
    return rows


def _score(sentences: Sequence[Sentence], found: Verdicts) -> float:
    errors = [_error(*row) for row in zip(sentences, *found, strict=True)]
    if sentences[0].expected == "neutral":
        return float(1 - 2 * np.mean(errors))
    return float(np.mean([error <= 0 for error in errors]))


def _error(one: Sentence, probability: float, like: float) -> float:
    """How wrong a verdict is: above 0 if it is wrong; of a neutral sentence the distance from 0.5."""
    if one.expected == "neutral":
        return abs(probability - 0.5)
    if one.expected == "same":
        return abs(probability - like) if (probability >= 0.5) != (like >= 0.5) else 0.0
    # A probability of exactly 0.5 counts as positive.
    right = (probability >= 0.5) == (one.expected == "positive")
    return 0.0 if right else max(abs(probability - 0.5), 1e-9)


def _rows(found: Verdicts, inside: np.ndarray) -> Verdicts:
    return Verdicts(found.sentences[inside], found.like[inside])
