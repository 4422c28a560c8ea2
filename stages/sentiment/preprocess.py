"""preprocess-sentiment: reviews → word ids and n-grams, in training, validation and test parts.

The vocabulary and the n-grams are those of the training reviews alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS, split_rows
from stages.params import Params, Shares
from stages.sentiment import ngrams, training_sentences
from stages.sentiment.encoding import count, encode, numbers, tokenise
from stages.sentiment.sentences import generate

RAW = "data/raw/reviews.csv"
OUTPUT = "data/sentiment/reviews.npz"
VOCABULARY = "data/sentiment/vocabulary.txt"
NGRAMS = "data/sentiment/ngrams.npz"
SENTENCES = "data/sentiment/training-sentences.npz"
LEAST = 2  # a word or n-gram that occurs in one review only says nothing about others


def main(params: Params) -> None:
    table = artifacts.read_csv(RAW, text=["text"])
    labels = table["label"].to_numpy()
    tokens = [tokenise(text) for text in table["text"]]
    rows = split(tokens, labels, table["split"] == "test", params.split.reviews, params.seed, params.data.limit)
    for part in PARTS:
        if len(set(labels[rows[part]])) < 2:
            raise StageError(f"{RAW} has too few different reviews ({len(table)}): {part} needs some of both labels")
    words = vocabulary(tokens[row] for row in rows["train"])
    number = numbers(words)
    ids = {part: [encode(tokens[row], number) for row in rows[part]] for part in PARTS}
    known = ngrams.index(ids["train"], len(words), least=LEAST)
    if not len(known):
        raise StageError(f"no word occurs in {LEAST} of the training reviews; raise data.limit")
    arrays = {}
    for part in PARTS:
        arrays |= {
            f"{part}_rows": rows[part],
            f"{part}_labels": labels[rows[part]].astype(np.uint8),
            **arrays_of(part, ids[part], len(words), known),
        }
    artifacts.write_npz(OUTPUT, **arrays)
    artifacts.write_text(VOCABULARY, "".join(f"{word}\n" for word in words))
    artifacts.write_npz(NGRAMS, keys=known, orders=ngrams.orders(known, len(words)))
    write_sentences(table["text"].to_numpy(), tokens, labels, rows, words, known, params.seed)
    sizes = ", ".join(f"{len(rows[part])} {part}" for part in PARTS)
    print(f"reviews: {sizes}; {len(words)} words, {len(known)} n-grams → {OUTPUT}")


def write_sentences(
    texts: np.ndarray,
    tokens: Sequence[Sequence[str]],
    labels: np.ndarray,
    rows: dict[str, np.ndarray],
    words: Sequence[str],
    known: np.ndarray,
    seed: int,
) -> None:
    """Write the sentences of the training and validation reviews, and those made of them, as reviews are written."""
    found = training_sentences.make(
        {part: texts[rows[part]] for part in training_sentences.PARTS},
        (tokens[row] for row in rows["train"]),
        {part: labels[rows[part]] for part in training_sentences.PARTS},
        tokenise,
        seed=seed,
        barred=[text for one in generate(seed) for text in (one.text, one.like)],
    )
    arrays, number = {}, numbers(words)
    for part, some in found.items():
        ids = [encode(sentence, number) for sentence in some.words]
        arrays |= {
            f"{part}_labels": some.labels,
            f"{part}_kinds": some.kinds,
            **arrays_of(part, ids, len(words), known),
        }
    artifacts.write_npz(SENTENCES, **arrays)


def split(
    tokens: Sequence[Sequence[str]],
    labels: np.ndarray,
    official_test: Iterable[bool],
    shares: Shares,
    seed: int,
    limit: int | None,
) -> dict[str, np.ndarray]:
    """Rows of the training, validation and test parts. No text is used twice, so none is in two parts.

    Of reviews with the same tokens one is kept: a copy adds nothing, and in the test part it would count twice. The
    copy in the source's own test part is preferred, then the first.

    Args:
        tokens: of each row.
        labels: of each row, 0 or 1, shape (n,).
        official_test: of each row: has the source itself set it apart for testing?
        shares: of the rows to validate and to test on; the latter for sources without a test part.
        seed: the split depends on it and on the data alone.
        limit: use about this many rows, or None for all.

    Returns:
        Sorted row numbers by part.
    """
    official_test = np.asarray(list(official_test), bool)
    first: dict[str, int] = {}
    for row in np.argsort(~official_test, kind="stable"):
        first.setdefault(" ".join(tokens[row]), int(row))
    kept = np.sort(np.fromiter(first.values(), np.int64, len(first)))
    parts = split_rows(
        labels[kept],
        official_test[kept],
        validation=shares.validation,
        test=shares.test,
        seed=seed,
        limit=limit,
    )
    return {part: kept[parts[part]] for part in PARTS}


def vocabulary(training: Iterable[Iterable[str]]) -> list[str]:
    """The words that occur at least `LEAST` times in the training reviews, most frequent first, then by alphabet."""
    frequency = Counter(word for review in training for word in review)
    return sorted((word for word, times in frequency.items() if times >= LEAST), key=lambda w: (-frequency[w], w))


def arrays_of(part: str, reviews: Sequence[np.ndarray], vocabulary: int, known: np.ndarray) -> dict[str, np.ndarray]:
    """The words and the n-grams of one part, review after review.

    Args:
        part: what the arrays' names begin with.
        reviews: word ids, one array per review.
        vocabulary: number of words that have an id.
        known: the index of n-grams.
    """
    counts = count(reviews, vocabulary, known)
    return {
        f"{part}_words": np.concatenate(reviews),
        f"{part}_word_lengths": np.array([len(review) for review in reviews], np.int32),
        f"{part}_ngrams": counts.numbers,
        f"{part}_ngram_counts": counts.counts,
        f"{part}_ngram_lengths": counts.lengths,
    }


if __name__ == "__main__":
    run(main)
