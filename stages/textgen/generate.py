"""Sampling text from a model, one character at a time."""

import re
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from stages.textgen import model as network
from stages.textgen.characters import sample

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
SEED_LENGTH = 8  # length of the passages in the hash index; longer matches are extended from them
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, so that overflow loses no character
TABLE_BITS = 20
SHIFT = np.uint64(64 - TABLE_BITS)  # to the highest bits, which depend on all characters but the last


def generate(
    model: keras.Model, prompt: np.ndarray, temperatures: Sequence[float], *, length: int, seed: int, samples: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Sample texts from the same prompt: arguments as for `stream`, and `length`, in characters.

    Returns:
        Ids, shape (temperatures, samples, length), and the entropy in nats of the distribution that each was drawn
        from, same shape.
    """
    shape = (len(temperatures), samples, length)
    ids, entropies = np.zeros((shape[0] * samples, length), np.int32), np.zeros((shape[0] * samples, length))
    steps = stream(model, prompt, temperatures, seed=seed, samples=samples)
    for place, (characters, uncertainty) in zip(range(length), steps, strict=False):
        ids[:, place], entropies[:, place] = characters, uncertainty
    return ids.reshape(shape), entropies.reshape(shape)


def stream(
    model: keras.Model, prompt: np.ndarray, temperatures: Sequence[float], *, seed: int, samples: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`characters.sample` from a text model, which reads the prompt once, then only each last character."""
    reader = network.reader(model, len(temperatures) * samples)
    return sample(lambda ids: reader.predict_on_batch(ids)[:, -1], prompt, temperatures, seed=seed, samples=samples)


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return WORD.findall(text.lower())


def distinct(text: str, n: int) -> float:
    """Share of different n-grams among the word n-grams of a text: 1 if none is repeated.

    Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", NAACL, section 5.
    """
    said = words(text)
    found = [tuple(said[place : place + n]) for place in range(len(said) - n + 1)]
    return len(set(found)) / len(found) if found else 1.0


def known_words(text: str, known: set[str]) -> float:
    """Share of the words in a text that are in `known`; 1 for a text without words."""
    said = words(text)
    return sum(word in known for word in said) / len(said) if said else 1.0


class Copies:
    """Finds the longest passage that texts share with a long one.

    Passages of `SEED_LENGTH` that occur in both are found by a hash and extended by one character while any match
    remains (the polynomial hash of Karp & Rabin 1987, IBM J. Research and Development 31(2), p. 251, modulo 2^64).

    Args:
        source: the long text.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.codes = _codes(source)
        self.hashes = _hashes(self.codes)
        self.longer: dict[int, np.ndarray] = {}  # the hashes of passages of other lengths

    def longest(self, texts: Sequence[str]) -> str:
        """The longest passage of any of `texts` that the source contains; of several, the first one in the source."""
        text = "\0".join(texts)  # no passage of the source runs on from one text to the next
        codes, length = _codes(text), SEED_LENGTH
        wanted = _hashes(codes)
        places = np.flatnonzero(_among(self.hashes, wanted))
        if not len(places):
            sizes = range(min(SEED_LENGTH - 1, len(text)), 0, -1)
            passages = (text[at : at + size] for size in sizes for at in range(len(text) - size + 1))
            return next((passage for passage in passages if passage in self.source), "")
        hashes = self.hashes[places]
        while True:
            inside = places + length < len(self.codes)
            longer, following = places[inside], hashes[inside]
            following = following * MULTIPLIER + self.codes[longer + length]
            wanted = wanted[: len(codes) - length] * MULTIPLIER + codes[length:]
            found = _among(following, wanted)
            if not found.any():
                return self.source[places[0] : places[0] + length]
            places, hashes, length = longer[found], following[found], length + 1

    def share(self, texts: Sequence[str], length: int) -> float:
        """Share of the characters of `texts` that stand in runs of `length` or more which the source contains.

        Args:
            texts: each by itself.
            length: `SEED_LENGTH` or more.
        """
        if length not in self.longer:
            self.longer[length] = _hashes(self.codes, length)
        hashes = self.longer[length]
        read = [_hashes(_codes(text), length) for text in texts]
        found = np.unique(hashes[_among(hashes, np.concatenate([*read, hashes[:0]]))])
        copied = 0
        for text, windows in zip(texts, read, strict=True):
            inside = np.zeros(len(text), bool)
            for start in np.flatnonzero(_among(windows, found)):
                inside[start : start + length] = True
            copied += int(inside.sum())
        total = sum(map(len, texts))
        return copied / total if total else 0.0


def _codes(text: str) -> np.ndarray:
    """Character codes, uint64."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)


def _hashes(codes: np.ndarray, length: int = SEED_LENGTH) -> np.ndarray:
    """Hash of the `length` characters from each place on."""
    hashes = np.zeros(max(0, len(codes) - length + 1), np.uint64)
    for offset in range(length):
        hashes = hashes * MULTIPLIER + codes[offset : offset + len(hashes)]
    return hashes


def _among(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which values are among the wanted ones; faster than np.isin for many hashes and few wanted."""
    found = np.zeros(len(values), bool)
    if len(wanted):
        # A table of their highest bits leaves few values to search for.
        possible = np.zeros(2**TABLE_BITS, bool)
        possible[wanted >> SHIFT] = True
        places = np.flatnonzero(possible[values >> SHIFT])
        wanted = np.unique(wanted)
        left = values[places]
        found[places] = wanted[np.minimum(np.searchsorted(wanted, left), len(wanted) - 1)] == left
    return found
