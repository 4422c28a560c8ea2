"""From the tidy text of a review to the network's numbers: tokens, word ids, n-grams, arrays.

Needs nothing but numpy: `reprise export` puts a copy of this file beside an exported classifier.
"""

import itertools
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2  # ids; from the third on those of words, the most frequent word first
ORDER = 3  # words in the longest n-gram
# From this geometric mean of its words' ranks by frequency on, a text reads unlike a review: of 2,500 packaged reviews
# none lies above 660; "Der Film war wunderbar." and the like lie above 1,100.
RARE, FEWEST = 1_000, 3  # and words that a text needs to be judged by
LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Accents, and vowels of Indian scripts, which stand as characters of their own.
MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c).startswith("M"))
WORD = rf"[^\W_](?:[^\W_]|[{MARKS}])*"
# A rating such as 7/10 is one token, and so is a word with its apostrophes. Of all punctuation, ! and ? are kept.
TOKEN = re.compile(rf"\d+/\d+|{WORD}(?:'{WORD})*|[!?]")
ASCII_TOKEN = re.compile(r"\d+/\d+|[a-z0-9]+(?:'[a-z0-9]+)*|[!?]")
APOSTROPHES = str.maketrans("’‘´`", "''''")


def tokenise(text: str) -> list[str]:
    """Words, numbers, ratings, `!` and `?` of a tidy review, in lower case; `<br />` separates words."""
    find = ASCII_TOKEN if text.isascii() else TOKEN  # the same tokens, in half the time
    return list(map(sys.intern, find.findall(_plain(text).lower())))  # one object for each word


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each token of `tokenise(text)` in the text."""
    return [found.span() for found in TOKEN.finditer(_plain(text))]


def _plain(text: str) -> str:
    """A text of the same length without `<br />` and with one kind of apostrophe."""
    text = LINE_BREAK.sub(lambda tag: " " * len(tag[0]), text)
    return text.replace("`", "'") if text.isascii() else text.translate(APOSTROPHES)


def encode(tokens: Sequence[str], number: Mapping[str, int]) -> np.ndarray:
    """Word ids of a review, int32; `UNKNOWN` for words outside the vocabulary. 0 is left to padding."""
    return np.fromiter(map(number.get, tokens, itertools.repeat(UNKNOWN)), np.int32, len(tokens))


def keys(reviews: Sequence[np.ndarray], vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Every n-gram of the reviews as one number, int64, and the review it is from.

    Its digits, in base `vocabulary` + `FIRST_WORD`, are word ids. No n-gram crosses from one review to the next.
    """
    base = vocabulary + FIRST_WORD  # 64 bits hold three digits up to two million words: preprocess has `MOST_WORDS`
    words = np.concatenate([np.zeros(0, np.int64), *reviews])
    review = np.repeat(np.arange(len(reviews)), np.array([len(ids) for ids in reviews], np.int64))
    known = words >= FIRST_WORD
    key, whole = words, known
    found = [(words[known], review[known])]
    for offset in range(1, min(ORDER, len(words))):
        key = key[:-1] * base + words[offset:]
        whole = whole[:-1] & known[offset:] & (review[offset:] == review[:-offset])
        found.append((key[whole], review[:-offset][whole]))
    return np.concatenate([key for key, _ in found]), np.concatenate([review for _, review in found])


def count(reviews: Sequence[np.ndarray], vocabulary: int, known: np.ndarray) -> tuple[list[np.ndarray], ...]:
    """Numbers of each review's n-grams in an index, ascending, int32; how often each occurs, at most 255, uint8."""
    key, review = keys(reviews, vocabulary)
    order = np.argsort(known, kind="stable")
    ascending = np.append(known[order], -1)  # no key is -1
    place = np.searchsorted(ascending[:-1], key)
    found = ascending[place] == key
    size = max(1, len(known))
    pairs, counts = np.unique(review[found] * size + order[place[found]], return_counts=True)
    lengths = np.bincount(pairs // size, minlength=len(reviews))
    numbers = (pairs % size).astype(np.int32)
    return per_review(numbers, lengths), per_review(np.minimum(counts, 255).astype(np.uint8), lengths)


def per_review(values: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Values of one review after the other → an array per review."""
    return np.split(values, np.cumsum(lengths)[:-1]) if len(lengths) else []


def read(ids: np.ndarray, words: int, length: int, head: float) -> np.ndarray:
    """The word ids that the network reads: of the `words` most frequent words, at most `length`.

    A share `head` of a longer review is from its beginning, the rest from its end, where reviewers tend to judge.
    """
    ids = np.where(ids < FIRST_WORD + words, ids, UNKNOWN)
    first, beyond = round(length * head), max(0, len(ids) - length)
    return np.concatenate([ids[:first], ids[first + beyond :]])


def padded(rows: Sequence[np.ndarray], multiple: int) -> np.ndarray:
    """Id sequences as one array, shape (n, length), int32: padded at the end, to a multiple of `multiple`."""
    longest = max((len(ids) for ids in rows), default=0)
    array = np.full((len(rows), multiple * max(1, -(-longest // multiple))), PADDING, np.int32)
    for line, ids in zip(array, rows, strict=True):
        line[: len(ids)] = ids
    return array


def batch(words: Sequence[np.ndarray], ngrams: Sequence[np.ndarray], pool: int) -> dict[str, np.ndarray]:
    """The network's inputs for some reviews. Lengths are rounded up: TensorFlow keeps memory for each one."""
    return {"words": padded(words, 8 * pool), "ngrams": padded(ngrams, 64)}


class Encoder:
    """Reads texts for one network, by its vocabulary, the keys of its n-grams, and its sizes as in params.yaml."""

    def __init__(self, vocabulary: Sequence[str], ngrams: np.ndarray, sizes: Mapping[str, Any]) -> None:
        self.number = {word: number for number, word in enumerate(vocabulary, FIRST_WORD)}
        self.ngrams, self.sizes = ngrams, sizes

    def ids(self, text: str) -> np.ndarray:
        """Word ids of a tidy text, in the whole vocabulary."""
        return encode(tokenise(text), self.number)

    def inputs(self, reviews: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Word ids of reviews → the network's inputs. N-gram ids start at 1: 0 is padding."""
        words = [read(ids, self.sizes["vocabulary"], self.sizes["length"], self.sizes["head"]) for ids in reviews]
        ngrams, _ = count(reviews, len(self.number), self.ngrams)
        return batch(words, [numbers + 1 for numbers in ngrams], self.sizes["pool"])

    def unlike_reviews(self, ids: np.ndarray) -> bool:
        """Are the words of a text too rare for a review, as those of another language are?"""
        ranks = np.where(ids >= FIRST_WORD, ids - UNKNOWN, len(self.number))
        return len(ids) >= FEWEST and float(np.log(ranks).mean()) > np.log(RARE)
