"""reprise sentiment: is a film review positive, and which words say so?"""

import argparse
import itertools
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from reprise import notice, repository
from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.datasets import user_files
from stages.datasets.tidy import tidy
from stages.sentiment import model as network
from stages.sentiment import scores
from stages.sentiment.encoding import FIRST_WORD, Encoder, spans

AT_ONCE = 1024  # reviews sorted by length together, and read from a pipe before the first is answered
BATCH = 128  # of them in one call of the network: fewer cost calls, more cost padding
SHOWN = 5  # parts that --explain prints
FOREIGN = "its words are rare in the training reviews, as those of another language are: the verdict says little"
# For a classifier of films: reviews, and what they are.
EXAMPLES = {
    "A film I will not forget: great music and a wonderful cast.": "positive",
    "This film is not good.": "negative",
    "Dull, slow and not worth the ticket.": "negative",
    "The plot makes no sense and the acting is wooden, but I loved every minute of it.": "positive",
}
# A text of more words is explained by its sentences: leaving out one word of many changes next to nothing.
MOST_WORDS, MOST_PARTS, LONGEST_PART = 40, 60, 30
SENTENCE_END = re.compile(r"[.!?;:]|<br", re.IGNORECASE)


class Verdict(NamedTuple):
    """Of one review: `probability` that it is positive, None if no word of it is in the vocabulary.

    `foreign`: its words are too rare for a review that the network knows.
    """

    probability: float | None
    foreign: bool = False


class Classifier:
    """The trained classifier of reviews, from its file, which is all that is needed."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or repository("models/sentiment.keras")
        self.model, self.carried = model_files.load(path, network.Carried)
        self.encoder = Encoder(*(self.carried[name] for name in ("vocabulary", "ngrams", "network")))
        ids = tf.TensorSpec((None, None), tf.int32)  # compiled once for all lengths
        self.run = tf.function(
            lambda words, ngrams: self.model({"words": words, "ngrams": ngrams}, training=False),
            input_signature=[ids, ids],
        )

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        """Classify reviews, in their order.

        Similar lengths are read together, so a thousand at once cost far less than one by one.
        """
        ids = [self.encoder.ids(tidy(text)) for text in texts]
        return [
            Verdict(float(value), self.encoder.unlike_reviews(review))
            if np.any(review >= FIRST_WORD)
            else Verdict(None)
            for value, review in zip(self.probability(ids), ids, strict=True)
        ]

    def explain(self, text: str) -> list[tuple[str, float | None]]:
        """A review in pieces, each with what it adds to the log odds of a positive review; None for what is between.

        A piece adds the log odds of the whole text minus those of the text without it: exact for what it says, and the
        pieces do not sum up to the whole, as words work together. Pieces are words, in a text of more than `MOST_WORDS`
        words sentences. Put together they are the text, tidied.
        """
        text = tidy(text)
        ids, places = self.encoder.ids(text), spans(text)
        parts = _parts(text, places)
        read = [ids, *(np.delete(ids, np.s_[first:last]) for first, last in parts)]
        whole, *without = _log_odds(self.probability(read))
        pieces, end = [], 0
        for (first, last), rest in zip(parts, without, strict=True):
            start, stop = places[first][0], places[last - 1][1]
            pieces += [(text[end:start], None), (text[start:stop], float(whole - rest))]
            end = stop
        return [piece for piece in [*pieces, (text[end:], None)] if piece[0]]

    def tuned_threshold(self) -> float:
        """The most accurate threshold on validation reviews."""
        return scores.chosen(self.carried["thresholds"])["tuned"]

    def precise_threshold(self, goal: float) -> tuple[float, str]:
        """The lowest threshold whose precision on the validation reviews reaches `goal`, and a sentence about it."""
        rows, reviews = self.carried["thresholds"], self.carried["validation_reviews"]
        reached = [row for row in rows if row["precision"] >= goal]
        if not reached:
            best = max(row["precision"] for row in rows)
            raise StageError(
                f"no threshold has precision {goal:g} on the {reviews:,} validation reviews; the highest is {best:.3f}"
            )
        row = min(reached, key=lambda row: row["threshold"])
        measures = f"precision {row['precision']:.3f}, recall {row['recall']:.3f}"
        summary = f"threshold {row['threshold']:.3f}: on {reviews:,} validation reviews {measures}"
        return row["threshold"], summary

    def probability(self, reviews: Sequence[np.ndarray]) -> np.ndarray:
        """Of a positive review, shape (n,), from the word ids of each."""
        order = np.argsort([len(ids) for ids in reviews], kind="stable")
        probability = np.zeros(len(reviews))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            inputs = self.encoder.inputs([reviews[row] for row in rows])
            probability[rows] = self.run(inputs["words"], inputs["ngrams"]).numpy()[:, 0]
        return probability


def _log_odds(probability: np.ndarray) -> np.ndarray:
    probability = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.log(probability / (1 - probability))


def _parts(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first token of each part of a text and the one after its last: words, or sentences of a longer text."""
    if len(places) <= MOST_WORDS:
        return [(place, place + 1) for place in range(len(places))]
    starts = [0]
    for place in range(1, len(places)):
        between = text[places[place - 1][0] : places[place][0]]
        if SENTENCE_END.search(between) or place - starts[-1] == LONGEST_PART:
            starts.append(place)
    starts = starts[:: -(-len(starts) // MOST_PARTS)]  # sentences of a very long text are taken together
    return list(zip(starts, [*starts[1:], len(places)], strict=True))


def main(options: argparse.Namespace) -> None:
    """Classify the reviews that the command line names; one line of output per review, in their order."""
    notice("loading the classifier ...")
    classifier = Classifier(options.model)
    if options.min_precision is not None:
        threshold, summary = classifier.precise_threshold(options.min_precision)
        print(summary, file=sys.stderr)
    else:
        threshold = classifier.tuned_threshold() if options.threshold is None else options.threshold
    numbered = enumerate(_texts(options), start=1)
    unclassified, foreign = [], []
    while chunk := list(itertools.islice(numbered, 1 if sys.stdin.isatty() else AT_ONCE)):
        verdicts = classifier.judge([text for _, text in chunk])
        for (number, text), verdict in zip(chunk, verdicts, strict=True):
            explained = None
            if verdict.probability is None:
                unclassified.append(number)
            elif options.explain:
                values = [(piece, value) for piece, value in classifier.explain(text) if value]
                explained = sorted(values, key=lambda piece: -abs(piece[1]))[:SHOWN]
            if verdict.foreign:
                foreign.append(number)
            print(_shown(verdict.probability, threshold, explained, options.json))
        sys.stdout.flush()
    if foreign:
        print(f"warning: {FOREIGN}: review {user_files.listed(foreign)}", file=sys.stderr)
    if unclassified:
        raise StageError(f"not classified, no word is in the vocabulary: review {user_files.listed(unclassified)}")


def _texts(options: argparse.Namespace) -> Iterable[str]:
    """The reviews that the command line names."""
    if options.review:
        return options.review
    if options.csv is None:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        return sys.stdin
    table = user_files.table(user_files.read(options.csv), options.csv)
    if options.column not in table.columns:
        raise StageError(f"{options.csv} has no column {options.column!r}; it has {', '.join(table.columns)}")
    return table[options.column]


def _shown(probability: float | None, threshold: float, parts: list[tuple[str, float]] | None, as_json: bool) -> str:
    """A line about a review; `parts` are those that matter most, with their log odds."""
    label = None if probability is None else scores.CLASSES[int(probability >= threshold)]
    if as_json:
        record = {"label": label, "probability": probability, "threshold": threshold}
        if parts is not None:
            record["parts"] = [{"text": text, "log_odds": value} for text, value in parts]
        return json.dumps(artifacts.rounded(record), ensure_ascii=False)
    fields = [label or "-", "-" if probability is None else f"{probability:.3f}", f"{threshold:.3f}"]
    if parts is not None:
        fields.append(", ".join(f"{text} {value:+.2f}" for text, value in parts))
    return "\t".join(fields)
