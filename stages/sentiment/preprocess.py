"""preprocess-sentiment: reviews → word ids and n-grams, in training, validation and test parts.

The vocabulary and the n-grams are those of the training texts alone. Each source of texts is split by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS, split_rows
from stages.params import Params
from stages.sentiment import negation, ngrams
from stages.sentiment.encoding import FIRST_WORD, count, encode, tokenise

RAW = "data/raw/reviews.csv"
OUTPUT = "data/sentiment/reviews.npz"
VOCABULARY = "data/sentiment/vocabulary.txt"
MOST_WORDS = 2_000_000  # that get a number: an n-gram is three of these in 64 bits, see `encoding.keys`
LEAST = 2  # a word or n-gram that occurs in one review only says nothing about others
TITLES = {"rotten_tomatoes": "sentences"}  # what metrics and the report call a source, where it is not its own name
FEWEST = 5  # texts of each label in a source that is measured by itself
WITHIN = re.compile(r"(?<=[a-z,;] )[^\W\d_]+")  # words that do not begin a sentence


def main(params: Params) -> None:
    table = artifacts.read_csv(RAW, text=["text", "source"])
    texts, labels = table["text"].tolist(), table["label"].to_numpy()
    tokens = [tokenise(text) for text in texts]
    kinds, source = sources(table["source"], labels)
    rows = split(tokens, table.assign(source=source), params)
    for part in PARTS:
        if len(set(labels[rows[part]])) < 2:
            raise StageError(f"{RAW} has too few different reviews ({len(table)}): {part} needs some of both labels")
    words, plain = vocabulary((tokens[row] for row in rows["train"]), names(texts[row] for row in rows["train"]))
    number = {word: number for number, word in enumerate(words, FIRST_WORD)}
    ids = {part: [encode(tokens[row], number) for row in rows[part]] for part in PARTS}
    known = ngrams.index(ids["train"], len(words), least=LEAST)
    if not len(known):
        raise StageError(f"no word occurs in {LEAST} of the training reviews; raise data.limit")
    arrays = {"sources": np.array(kinds), "plain_words": np.array(plain), "ngrams": known}
    for part in PARTS:
        arrays |= arrays_of(part, ids[part], labels[rows[part]], len(words), known)
        arrays |= {f"{part}_rows": rows[part], f"{part}_source": source[rows[part]]}
    present = ngrams.occurrence([review[review >= FIRST_WORD] - FIRST_WORD for review in ids["train"]], len(words))
    ratios = dict(zip(words, ngrams.log_ratios(present, labels[rows["train"]]).tolist(), strict=True))
    seen: set[str] = set()
    for part in ("train", "validation"):
        clauses, signs = negation.pairs((texts[row] for row in rows[part]), ratios, seen)
        arrays |= arrays_of(f"{part}_clauses", [encode(clause, number) for clause in clauses], signs, len(words), known)
    artifacts.write_npz(OUTPUT, **arrays)
    artifacts.write_text(VOCABULARY, "".join(f"{word}\n" for word in words))
    sizes = ", ".join(f"{len(rows[part])} {part}" for part in PARTS)
    print(f"reviews: {sizes}; {len(words)} words, {len(known)} n-grams, {len(seen)} clauses to negate → {OUTPUT}")


def sources(column: pd.Series, labels: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The titles of the sources that are measured by themselves, the largest first; the number of each row's, uint8.

    Rows of a source with fewer than `FEWEST` texts of a label count with the largest source, and that is printed.
    """
    largest, *others = (name for name, _ in Counter(column).most_common())
    few = [name for name in others if min(np.bincount(labels[column == name], minlength=2)) < FEWEST]
    if few:
        print(f"{RAW}: not measured by themselves, with fewer than {FEWEST} texts of a label: {', '.join(few)}")
    kept = [largest, *(name for name in others if name not in few)]
    number = column.map({name: place for place, name in enumerate(kept)}).fillna(0)
    return [TITLES.get(name, name) for name in kept], number.to_numpy(np.uint8)


def split(tokens: Sequence[Sequence[str]], table: pd.DataFrame, params: Params) -> dict[str, np.ndarray]:
    """Row numbers of the training, validation and test parts, by source: each source is split by itself.

    Of texts with the same tokens one is kept, so that none is in two parts or counts twice: the first in the source's
    own test part, where `split` is "test", or the first of all. `params` has the share for testing of other sources.
    """
    table = table.assign(joined=[" ".join(words) for words in tokens], official=table["split"] == "test")
    kept = table.sort_values("official", ascending=False, kind="stable").drop_duplicates("joined").sort_index()
    limit, shares, found = params.data.limit, params.split.reviews.model_dump(), []
    for _, some in kept.groupby("source"):
        most = None if limit is None else round(limit * len(some) / len(kept))
        of_source = some["label"].to_numpy(), some["official"].to_numpy()
        parts = split_rows(*of_source, limit=most, seed=params.seed, **shares)
        found.append({part: some.index.to_numpy()[parts[part]] for part in PARTS})
    return {part: np.concatenate([rows[part] for rows in found]) for part in PARTS}


def names(texts: Iterable[str]) -> set[str]:
    """The words that are mostly capitalised within a sentence, in lower case: who plays in a film, and who made it.

    A random split leaves reviews of one film in several parts. What an LSTM learns about names there helps on these
    films alone; it reads reviews of other films better without them.
    """
    capitalised, all_times = Counter[str](), Counter[str]()
    for word, often in Counter(chain.from_iterable(map(WITHIN.findall, texts))).items():
        all_times[word.lower()] += often
        capitalised[word.lower()] += often * word.istitle()
    return {word for word, often in capitalised.items() if 2 * often >= all_times[word] and len(word) > 1}


def vocabulary(training: Iterable[Iterable[str]], names: set[str]) -> tuple[list[str], int]:
    """The words that occur at least `LEAST` times in the training reviews, and how many are no names: these come first.

    Each kind is from the most frequent word to the rarest, then by alphabet.
    """
    frequency = Counter(chain.from_iterable(training))
    often = [word for word, times in frequency.items() if times >= LEAST]
    named = {word for word in often if word.split("'")[0] in names}
    words = sorted(often, key=lambda word: (word in named, -frequency[word], word))[:MOST_WORDS]
    return words, min(len(words), len(often) - len(named))


def arrays_of(
    part: str, reviews: Sequence[np.ndarray], labels: np.ndarray, vocabulary: int, known: np.ndarray
) -> dict[str, np.ndarray]:
    """One part of the data, by name: word ids, n-grams of the index `known`, labels; all of the first source."""
    found, counts = count(reviews, vocabulary, known)
    return {
        f"{part}_labels": labels.astype(np.uint8),
        f"{part}_source": np.zeros(len(labels), np.uint8),
        f"{part}_words": np.concatenate([np.zeros(0, np.int32), *reviews]),
        f"{part}_word_lengths": np.array([len(review) for review in reviews], np.int32),
        f"{part}_ngrams": np.concatenate([np.zeros(0, np.int32), *found]),
        f"{part}_ngram_counts": np.concatenate([np.zeros(0, np.uint8), *counts]),
        f"{part}_ngram_lengths": np.array([len(numbers) for numbers in found], np.int32),
    }


if __name__ == "__main__":
    run(main)
