"""Text sampled from the model, and what is measured on samples at each temperature: their words, what they copy."""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from stages.params import Params
from stages.textgen import model as network
from stages.textgen.characters import decode, encode, sample

COPIED = 30  # characters from which a run that stands in the training text counts as copied
# Accents, and vowels of Indian scripts, which stand as characters of their own.
MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c).startswith("M"))
LETTERS = rf"[^\W\d_]+(?:[{MARKS}]+[^\W\d_]*)*"
WORD = re.compile(f"{LETTERS}(?:'{LETTERS})*")


def stream(
    model: network.TextModel, prompt: np.ndarray, temperatures: Sequence[float], *, seed: int, samples: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`characters.sample` from a text model, which reads the prompt once, then only each last character."""
    reader = network.reader(model.network, model.shape, len(temperatures) * samples)
    return sample(lambda ids: reader.predict_on_batch(ids)[:, -1], prompt, temperatures, seed=seed, samples=samples)


def measured(model: network.TextModel, prompt: str, train: str, params: Params) -> list[dict[str, Any]]:
    """Samples of the model at 1, its own distribution, and at each other temperature, with measures of them."""
    settings = params.textgen.sampling
    temperatures = sorted({*params.textgen.temperatures, 1.0})
    read = encode(prompt, model.vocabulary)
    steps = stream(model, read, temperatures, seed=params.seed, samples=settings.samples)
    drawn = (np.stack(one, axis=-1) for one in zip(*itertools.islice(steps, settings.length), strict=True))
    ids, entropies = (one.reshape(len(temperatures), settings.samples, settings.length) for one in drawn)
    written = [[decode(row, model.vocabulary) for row in group] for group in ids]
    known, copied = set(words(train)), copies(written, train, COPIED)
    rows = []
    for number, (temperature, texts, (passage, share)) in enumerate(zip(temperatures, written, copied, strict=True)):
        figures = {
            "temperature": temperature,
            "entropy": entropies[number].mean(),
            **{f"distinct_{n}": np.mean([distinct(text, n) for text in texts]) for n in (1, 2, 3)},
            "known_words": np.mean([known_words(text, known) for text in texts]),
            "longest_copy": len(passage),
            "copied": share,
        }
        rows.append({"measures": figures, "prompt": prompt, "copied": passage, "texts": texts})
    return rows


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


def copies(groups: Sequence[Sequence[str]], source: str, length: int) -> list[tuple[str, float]]:
    """For each group of texts the longest passage of any of them that the source contains.

    And the share of its characters that stand in passages of `length` or more which the source contains.
    """

    @cache
    def shared(size: int) -> set[str]:
        """The passages of so many characters that stand in any text and in the source, which is read once for all."""
        texts = [text for group in groups for text in group]
        wanted = {text[start : start + size] for text in texts for start in range(len(text) - size + 1)}
        found = (source[start : start + size] for start in range(len(source) - size + 1))
        return {passage for passage in found if passage in wanted}

    found = []
    for texts in groups:
        passages = (_longest(texts, source, shared(size), size) for size in (16, 8, 4, 2, 1))
        found.append((next(filter(None, passages), ""), _share(texts, shared(length), length)))
    return found


def _longest(texts: Sequence[str], source: str, shared: set[str], size: int) -> str:
    """The longest passage that the source contains, empty if it has fewer than `size` characters."""
    best = ""
    for text in texts:
        for start in range(len(text) - size + 1):
            stop = start + max(size, len(best) + 1)
            # To look into the whole source takes a millisecond: only where both ends of the passage stand in it.
            while stop <= len(text) and {text[start : start + size], text[stop - size : stop]} <= shared:
                if text[start:stop] not in source:
                    break
                best, stop = text[start:stop], stop + 1
    return best


def _share(texts: Sequence[str], shared: set[str], length: int) -> float:
    """The share of the characters that stand in passages of `length` characters which are `shared`."""
    inside = [np.zeros(len(text), bool) for text in texts]
    for text, copied in zip(texts, inside, strict=True):
        for start in range(len(text) - length + 1):
            if text[start : start + length] in shared:
                copied[start : start + length] = True
    return float(np.concatenate(inside).mean()) if any(texts) else 0.0


def shares_of_words(rows: list[dict[str, Any]], known: float) -> list[dict[str, Any]]:
    """Curves to plot: shares of known and of different words against temperature; `known` is the test text's share."""
    names = {"known_words": "known from training", "distinct_1": "different words", "distinct_2": "different pairs"}
    shares = [(name, row["temperature"], row[key]) for key, name in names.items() for row in rows]
    shares += [("known, test text", row["temperature"], known) for row in rows]
    return [{"temperature": temperature, "method": name, "share": share} for name, temperature, share in shares]


def suitable_prompt(prompt: str, train: str, test: str) -> str:
    """The prompt, or the first line of the test text if none of the prompt's words stands in the training text."""
    first = next((line.strip() for line in test.split("\n") if line.strip()), "")
    prompt = unicodedata.normalize("NFC", prompt)  # as the text is
    told, known = words(prompt), train.lower()
    if not told or not first or any(word in known for word in told):
        return prompt
    other = first[:100] + ("\n" if "\n" in train else "")
    print(f"textgen.sampling.prompt, {prompt!r}, does not suit this text: {other!r}, of its test part, is used instead")
    return other
