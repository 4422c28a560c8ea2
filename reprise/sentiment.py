"""reprise sentiment: is a film review positive, and which words say so?"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reprise import REPOSITORY, files, notice
from reprise.evidence import functions
from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.datasets import user_files
from stages.sentiment import attached, batches, scores, thresholds
from stages.sentiment import model as network
from stages.sentiment.encoding import FIRST_WORD, ORDER, UNKNOWN, count, cut, encode, spans, tokenise
from stages.sentiment.train import MODEL

LONGEST = 2_000_000  # bytes of one review
AT_ONCE = 1024  # reviews sorted by length together, and read from a pipe before the first is answered
FEW_KNOWN = 0.3  # share of known words below which a verdict says little: another language, or only names
BATCH = 128  # of them in one call of the network: fewer cost calls, more cost padding


class Verdict(NamedTuple):
    """Of one review: `probability` that it is positive, None if no word of it is in the vocabulary.

    `words` are the words and phrases that moved the decision, the strongest first, each with the log odds that it
    added. `known` is the share of the words read that are in the vocabulary.
    """

    probability: float | None
    words: list[tuple[str, float]]
    known: float = 0.0


class Classifier:
    """The trained classifier of reviews.

    Args:
        path: of its file, which is all that is needed; that of the repository comes from `dvc repro` or `dvc pull`.

    Raises:
        StageError: the file is missing or broken, or is of another model.
    """

    def __init__(self, path: Path = REPOSITORY / MODEL) -> None:
        self.model = model_files.read(path)
        if self.model.name != "sentiment":
            raise StageError(f"{path} is not a classifier of reviews: its name is {self.model.name!r}")
        self.carried = attached.read(path, self.model)
        self.sizes, self.vocabulary = self.carried.network, self.carried.vocabulary
        self.number, self.known = self.carried.number, self.carried.ngrams
        weights = [self.model.get_layer(name).get_weights()[0][:, 0] for name in ("log_ratios", "ngram_weights")]
        # What an n-gram adds to the logit of its branch for a review of one, by its id: exact, since it is a sum.
        self.evidence = self.model.get_layer("ngrams_logit").get_weights()[0][0, 0] * weights[0] * weights[1]
        self.logits, self.explain = functions(self.model)

    def judge(self, texts: Sequence[str], *, words: int = 5) -> list[Verdict]:
        """Classify reviews.

        Args:
            texts: any number; similar lengths are read together, so a thousand at once cost far less than one by one.
            words: how many words and phrases to return with each verdict; 0 takes about half the time.

        Returns:
            A verdict for each text, in their order.

        The log odds of the n-gram branch are exact. Those of the branches that read words in order are gradient ×
        input, their linear approximation (Li et al. 2016, "Visualizing and Understanding Neural Models in NLP", NAACL,
        section 5): a word says more or less with other words around it. All are weighted as the network weighs its
        branches for a review of this length.
        """
        reviews = self._read(texts)
        readable = np.flatnonzero([np.any(ids > UNKNOWN) for ids in reviews.words])
        order = readable[np.argsort([len(reviews.words[row]) for row in readable], kind="stable")]
        verdicts = [Verdict(None, [])] * len(texts)
        known = [np.mean(ids > UNKNOWN) if len(ids) else 0.0 for ids in reviews.words]
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            chances, slopes, shares = self._run(reviews, rows, explain=words > 0)
            for row, chance, moved, share in zip(rows, chances, slopes, shares, strict=True):
                added = self._evidence_of(reviews.ngrams[row], share)
                evidence = self._strongest(reviews, row, added, moved, words) if words else []
                verdicts[row] = Verdict(float(chance), evidence, float(known[row]))
        return verdicts

    def mark(self, text: str) -> list[tuple[str, float | None]]:
        """A review in pieces, each with the log odds that it adds; None for text outside the vocabulary.

        The pieces put together are the text. An n-gram's log odds are shared out evenly over its words, everywhere it
        stands; to them come those of the LSTM branch, as in `judge`.
        """
        reviews = self._read([text])
        ids = encode(tokenise(text), self.number)
        if not np.any(ids > UNKNOWN):
            return [(text, None)] if text else []
        _, slopes, ngram_shares = self._run(reviews, [0], explain=True)
        values = np.zeros(len(ids))
        read = cut(np.arange(len(ids)), self.sizes.length, self.sizes.head)
        values[read] = slopes[0][: len(read)]
        found = reviews.ngrams[0]
        share = dict(zip(found.tolist(), self._evidence_of(found, ngram_shares[0]), strict=True))
        for ngram, places in self._places(ids, found).items():
            np.add.at(values, places, share[ngram] / len(places))
        pieces, end = [], 0
        for (start, stop), known, value in zip(spans(text), ids > UNKNOWN, values, strict=True):
            if known:
                pieces += [(text[end:start], None), (text[start:stop], float(value))]
                end = stop
        return [piece for piece in [*pieces, (text[end:], None)] if piece[0]]

    def tuned_threshold(self) -> float:
        """The most accurate threshold on validation reviews."""
        return thresholds.most_accurate(self.carried.thresholds)

    def precise_threshold(self, goal: float) -> tuple[float, str]:
        """The lowest threshold whose precision on the validation reviews reaches `goal`.

        Returns:
            The threshold, and a sentence that says what it was chosen on.

        Raises:
            StageError: there is none.
        """
        rows, reviews = self.carried.thresholds, self.carried.validation_reviews
        reached = [row for row in rows if row["precision"] >= goal]
        if not reached:
            best = max(rows, key=lambda row: row["precision"])
            raise StageError(
                f"no threshold has precision {goal:g} on the {reviews:,} validation reviews; the highest is "
                f"{best['precision']:.3f}, at {best['threshold']:.3f}"
            )
        row = min(reached, key=lambda row: row["threshold"])
        summary = (
            f"threshold {row['threshold']:.3f}: on {reviews:,} validation reviews precision {row['precision']:.3f}, "
            f"recall {row['recall']:.3f}"
        )
        return row["threshold"], summary

    def _places(self, ids: np.ndarray, found: np.ndarray) -> dict[int, list[int]]:
        """Where in a review each of its n-grams stands: the places of its words, of all its occurrences."""
        number = dict(zip(self.known[found - 1].tolist(), found.tolist(), strict=True))
        base, places = len(self.vocabulary) + FIRST_WORD, {}
        for start in range(len(ids)):
            key = 0
            for end in range(start, min(start + ORDER, len(ids))):
                if ids[end] <= UNKNOWN:
                    break
                key = key * base + int(ids[end])  # see `ngrams.keys`
                if key in number:
                    places.setdefault(number[key], []).extend(range(start, end + 1))
        return places

    def _run(
        self, reviews: batches.Reviews, rows: Sequence[int], *, explain: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of some reviews: probabilities, the log odds that each word adds in order, or 0, and the n-grams' weights."""
        ids = batches.batch(reviews, rows, self.sizes.pool)
        values = [value.numpy() for value in (self.explain if explain else self.logits)(ids["words"], ids["ngrams"])]
        names = (*network.BRANCHES, network.SHORTNESS)
        logits = {name: value[:, 0] for name, value in zip(names, values, strict=False)}
        weights = network.weights(self.model)
        shares = network.weights_at(logits[network.SHORTNESS], weights)[:, network.BRANCHES.index("ngrams")]
        slopes = values[-1] if explain else np.zeros(ids["words"].shape)
        return network.probability(logits, weights), slopes, shares

    def _read(self, texts: Sequence[str]) -> batches.Reviews:
        """Texts in the network's terms; their labels are not known and stand as 0."""
        ids = [encode(tokenise(text), self.number) for text in texts]
        lengths = np.array([len(review) for review in ids])
        counts = count(ids, len(self.vocabulary), self.known)
        data = {
            "new_words": np.concatenate(ids),
            "new_word_lengths": lengths,
            "new_ngrams": counts.numbers,
            "new_ngram_lengths": counts.lengths,
            "new_labels": np.zeros(len(texts), np.uint8),
        }
        return batches.reviews(data, "new", self.sizes)

    def _evidence_of(self, ids: np.ndarray, share: float) -> np.ndarray:
        """Log odds that each n-gram of a review adds: its weight over the root of how many there are.

        `share` is the weight of the n-gram branch for this review.
        """
        return share * self.evidence[ids] / np.sqrt(max(1, len(ids)))

    def _strongest(
        self, reviews: batches.Reviews, row: int, added: np.ndarray, slopes: np.ndarray, count: int
    ) -> list[tuple[str, float]]:
        """The strongest evidence in a review: its n-grams and its words, the n-gram of one word being that word."""
        words = reviews.words[row]
        keys = np.concatenate([self.known[reviews.ngrams[row] - 1], words])  # the key of a single word is its id
        values = np.concatenate([added, slopes[: len(words)]])
        keys, place = np.unique(keys, return_inverse=True)
        values = np.bincount(place, values) * (keys > UNKNOWN)
        return [(self._phrase(keys[at]), float(values[at])) for at in np.argsort(-np.abs(values))[:count] if values[at]]

    def _phrase(self, key: int) -> str:
        """The words of an n-gram: see `ngrams.keys`."""
        words, base = [], len(self.vocabulary) + FIRST_WORD
        while key:
            key, number = divmod(int(key), base)
            words.append(self.vocabulary[number - FIRST_WORD])
        return " ".join(reversed(words))


def main(options: argparse.Namespace) -> None:
    """Classify the reviews that the command line names; one line of output per review, in their order."""
    notice("loading the classifier ...")
    classifier = Classifier(options.model or REPOSITORY / MODEL)
    if options.min_precision is not None:
        threshold, summary = classifier.precise_threshold(options.min_precision)
        print(summary, file=sys.stderr)
    else:
        threshold = classifier.tuned_threshold() if options.threshold is None else options.threshold
    at_once = 1 if not options.review and options.csv is None and files.standard_input().isatty() else AT_ONCE
    unclassified, doubtful = [], []
    numbered = enumerate(_texts(options), start=1)
    while chunk := list(itertools.islice(numbered, at_once)):
        verdicts = classifier.judge([text for _, text in chunk], words=options.words)
        for (number, _), verdict in zip(chunk, verdicts, strict=True):
            if verdict.probability is None:
                unclassified.append(number)
            elif verdict.known < FEW_KNOWN:
                doubtful.append(number)
            print(_line(verdict, threshold, options.json))
        sys.stdout.flush()
    if doubtful:
        few = f"fewer than {100 * FEW_KNOWN:.0f} % of the words are in the vocabulary"
        print(f"warning: {few}, so the verdict says little: review {_some(doubtful)}", file=sys.stderr)
    if unclassified:
        raise StageError(f"not classified, no word is in the vocabulary: review {_some(unclassified)}")


def _some(numbers: Sequence[int]) -> str:
    """The first ten of these numbers."""
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")


def _texts(options: argparse.Namespace) -> Iterator[str]:
    """The reviews that the command line names."""
    if options.csv is not None:
        table = user_files.table(files.read_bytes(options.csv, user_files.LARGEST_TEXT), options.csv)
        if options.column not in table.columns:
            raise StageError(f"{options.csv} has no column {options.column!r}; it has {', '.join(table.columns)}")
        contents = (text.encode() for text in table.texts(options.column))
    elif options.review:
        contents = (text.encode(errors="surrogateescape") for text in options.review)
    else:
        contents = iter(lambda: files.standard_input().readline(LONGEST + 2), b"")
    for number, content in enumerate(contents, start=1):
        if len(content.rstrip(b"\r\n")) > LONGEST:
            raise StageError(f"review {number} is longer than {LONGEST:,} bytes")
        try:
            yield content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StageError(f"review {number} is not UTF-8 (byte {error.start})") from error


def _line(verdict: Verdict, threshold: float, as_json: bool) -> str:
    label = None if verdict.probability is None else scores.CLASSES[int(verdict.probability >= threshold)]
    if as_json:
        words = [{"text": text, "log_odds": value} for text, value in verdict.words]
        record = {"label": label, "probability": verdict.probability, "threshold": threshold, "words": words}
        return json.dumps(artifacts.rounded(record), ensure_ascii=False)
    chance = "-" if verdict.probability is None else f"{verdict.probability:.3f}"
    words = ", ".join(f"{text} {value:+.2f}" for text, value in verdict.words)
    return f"{label or '-'}\t{chance}\t{threshold:.3f}\t{words}"
