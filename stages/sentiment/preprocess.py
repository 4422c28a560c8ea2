"""preprocess-sentiment: reviews → word ids and n-grams, in training, validation and test parts.

The vocabulary and the n-grams are those of the training texts alone. The table may hold texts from several sources,
such as reviews and single sentences; each is split by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS, split_rows
from stages.params import Params
from stages.sentiment import negation, ngrams
from stages.sentiment.encoding import FIRST_WORD, count, encode, numbers, tokenise

RAW = "data/raw/reviews.csv"
OUTPUT = "data/sentiment/reviews.npz"
VOCABULARY = "data/sentiment/vocabulary.txt"
NGRAMS = "data/sentiment/ngrams.npz"
MOST_WORDS = 2_000_000  # an n-gram is three of their numbers in 64 bits: see `encoding.keys`
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
    words, plain = vocabulary((tokens[row] for row in rows["train"]), names([texts[row] for row in rows["train"]]))
    if len(words) > MOST_WORDS:
        raise StageError(f"{RAW} has {len(words):,} different words; at most {MOST_WORDS:,} can be numbered")
    number = numbers(words)
    ids = {part: [encode(tokens[row], number) for row in rows[part]] for part in PARTS}
    known = ngrams.index(ids["train"], len(words), least=LEAST)
    if not len(known):
        raise StageError(f"no word occurs in {LEAST} of the training reviews; raise data.limit")
    arrays = {"sources": np.array([TITLES.get(kind, kind) for kind in kinds]), "plain_words": np.array(plain)}
    for part in PARTS:
        arrays |= {f"{part}_rows": rows[part], **arrays_of(part, ids[part], labels[rows[part]], len(words), known)}
        arrays[f"{part}_source"] = source[rows[part]]
    known_words = [np.unique(of_text[of_text >= FIRST_WORD]) - FIRST_WORD for of_text in ids["train"]]
    log_ratios = ngrams.log_ratios(ngrams.occurrence(known_words, len(words)), labels[rows["train"]])
    ratios = dict(zip(words, log_ratios.tolist(), strict=True))
    seen: set[str] = set()
    for part in ("train", "validation"):  # negated clauses
        clauses, signs = negation.pairs((texts[row] for row in rows[part]), ratios, seen)
        arrays |= arrays_of(f"{part}_clauses", [encode(clause, number) for clause in clauses], signs, len(words), known)
    artifacts.write_npz(OUTPUT, **arrays)
    artifacts.write_text(VOCABULARY, "".join(f"{word}\n" for word in words))
    artifacts.write_npz(NGRAMS, keys=known, orders=ngrams.orders(known, len(words)))
    sizes = ", ".join(f"{len(rows[part])} {part}" for part in PARTS)
    print(f"reviews: {sizes}; {len(words)} words, {len(known)} n-grams, {len(seen)} clauses to negate → {OUTPUT}")


def sources(column: Iterable[str], labels: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The names of the sources that are measured by themselves, the largest first; the number of each row's, uint8.

    Rows of a source with fewer than `FEWEST` texts of a label count with the largest source, and that is printed.
    """
    column = np.asarray(list(column))
    largest, *others = (name for name, _ in Counter(column.tolist()).most_common())
    few = [name for name in others if min(np.bincount(labels[column == name], minlength=2)) < FEWEST]
    if few:
        print(f"{RAW}: not measured by themselves, with fewer than {FEWEST} texts of a label: {', '.join(few)}")
    kept = [largest, *(name for name in others if name not in few)]
    return kept, np.array([kept.index(name) if name in kept else 0 for name in column], np.uint8)


def split(tokens: Sequence[Sequence[str]], table: pd.DataFrame, params: Params) -> dict[str, np.ndarray]:
    """Rows of the training, validation and test parts. No text is used twice, so none is in two parts.

    Of texts with the same tokens one is kept: a copy adds nothing, and in the test part it would count twice. The copy
    in the source's own test part is preferred, then the first. Each source is split by itself.

    `table` has of each text its `label`, 0 or 1; the number of its `source`; `split`, "test" where the source sets it
    apart. The share for testing in `params` is of sources without a test part. Gives row numbers by part, those of the
    first source first, each source's in order.
    """
    joined, official = pd.Series([" ".join(words) for words in tokens]), (table["split"] == "test").to_numpy()
    kept = np.sort(joined.iloc[np.argsort(~official, kind="stable")].drop_duplicates().index)
    labels, source = table["label"].to_numpy(), table["source"].to_numpy()[kept]
    shares, limit, found = params.split.reviews, params.data.limit, []
    for number in np.unique(source):
        some = kept[source == number]
        parts = split_rows(
            labels[some],
            official[some],
            validation=shares.validation,
            test=shares.test,
            seed=params.seed,
            limit=None if limit is None else round(limit * len(some) / len(kept)),
        )
        found.append({part: some[parts[part]] for part in PARTS})
    return {part: np.concatenate([of_source[part] for of_source in found]) for part in PARTS}


def names(texts: Iterable[str]) -> set[str]:
    """The words that are mostly capitalised within a sentence, in lower case: who plays in a film, and who made it.

    A random split leaves reviews of one film in several parts. What an LSTM learns about names there helps on these
    films alone; it reads reviews of other films better without them.
    """
    times = Counter(word for text in texts for word in WITHIN.findall(text))
    capitalised, all_times = Counter[str](), Counter[str]()
    for word, often in times.items():
        all_times[word.lower()] += often
        capitalised[word.lower()] += often * word.istitle()
    return {word for word, often in capitalised.items() if 2 * often >= all_times[word] and len(word) > 1}


def vocabulary(training: Iterable[Iterable[str]], names: set[str]) -> tuple[list[str], int]:
    """The words that occur at least `LEAST` times in the training reviews, and how many are no names: these come first.

    Each kind is from the most frequent word to the rarest, then by alphabet.
    """
    frequency = Counter(word for review in training for word in review)
    often = [word for word, times in frequency.items() if times >= LEAST]
    named = {word for word in often if word.split("'")[0] in names}
    return sorted(often, key=lambda word: (word in named, -frequency[word], word)), len(often) - len(named)


def arrays_of(
    part: str, reviews: Sequence[np.ndarray], labels: np.ndarray, vocabulary: int, known: np.ndarray
) -> dict[str, np.ndarray]:
    """The words, the n-grams of the index `known`, and the labels of one part, review after review, from word ids.

    All are of the first source. The arrays' names begin with `part`; `vocabulary` counts the words that have an id.
    """
    counts = count(reviews, vocabulary, known)
    return {
        f"{part}_labels": labels.astype(np.uint8),
        f"{part}_source": np.zeros(len(labels), np.uint8),
        f"{part}_words": np.concatenate([np.zeros(0, np.int32), *reviews]),
        f"{part}_word_lengths": np.array([len(review) for review in reviews], np.int32),
        f"{part}_ngrams": counts.numbers,
        f"{part}_ngram_counts": counts.counts,
        f"{part}_ngram_lengths": counts.lengths,
    }


if __name__ == "__main__":
    run(main)
