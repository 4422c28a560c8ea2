"""Samples of the text model at each temperature, and what is measured on them: their words, and what they copy."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from stages.params import Params
from stages.textgen.characters import decode, encode
from stages.textgen.generate import generate
from stages.textgen.model import TextModel

COPIED = 30  # characters from which a run that stands in the training text counts as copied
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def measured(model: TextModel, train: str, params: Params) -> list[dict[str, Any]]:
    """Samples of the model at 1 and at each other temperature, with measures of them."""
    settings = params.textgen.sampling
    temperatures = sorted({*params.textgen.temperatures, 1.0})  # at 1 the model's own distribution
    prompt = encode(settings.prompt, model.vocabulary)
    ids, entropies = generate(
        model, prompt, temperatures, length=settings.length, seed=params.seed, samples=settings.samples
    )
    written = [[decode(row, model.vocabulary) for row in group] for group in ids]
    known = set(words(train))
    rows = []
    for number, (temperature, texts, (passage, share)) in enumerate(
        zip(temperatures, written, copies(written, train, COPIED), strict=True)
    ):
        figures = {
            "temperature": temperature,
            "entropy": entropies[number].mean(),
            **{f"distinct_{n}": np.mean([distinct(text, n) for text in texts]) for n in (1, 2, 3)},
            "known_words": np.mean([known_words(text, known) for text in texts]),
            "longest_copy": len(passage),
            "copied": share,
        }
        rows.append({"measures": figures, "prompt": settings.prompt, "copied": passage, "texts": texts})
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
    """What groups of texts have copied from a long one.

    Returns:
        For each group the longest passage of any of its texts that the source contains, and the share of its characters
        that stand in passages of `length` or more which the source contains.
    """

    @cache
    def shared(size: int) -> set[str]:
        """The passages of so many characters that stand in any text and in the source."""
        texts = [text for group in groups for text in group]
        wanted = {text[start : start + size] for text in texts for start in range(len(text) - size + 1)}
        found = (source[start : start + size] for start in range(len(source) - size + 1))
        return {passage for passage in found if passage in wanted}

    return [(_longest(texts, source, shared), _share(texts, shared(length), length)) for texts in groups]


def _longest(texts: Sequence[str], source: str, shared: Callable[[int], set[str]]) -> str:
    best = ""
    for size in (16, 8, 4, 2, 1):
        for text in texts:
            for start in range(len(text) - size + 1):
                stop = start + max(size, len(best) + 1)
                while stop <= len(text) and {text[start : start + size], text[stop - size : stop]} <= shared(size):
                    if text[start:stop] not in source:
                        break
                    best, stop = text[start:stop], stop + 1
        if best:
            break
    return best


def _share(texts: Sequence[str], shared: set[str], length: int) -> float:
    inside = 0
    for text in texts:
        end = 0  # of the passages so far
        for start in range(len(text) - length + 1):
            if text[start : start + length] in shared:
                inside += start + length - max(start, end)
                end = start + length
    total = sum(map(len, texts))
    return inside / total if total else 0.0


def shares_of_words(rows: list[dict[str, Any]], known: float) -> list[dict[str, Any]]:
    """Curves to plot: shares of known and of different words against temperature; `known` is the test text's share."""
    names = {"known_words": "known from training", "distinct_1": "different words", "distinct_2": "different pairs"}
    curves = [
        {"temperature": row["temperature"], "method": name, "share": row[key]}
        for key, name in names.items()
        for row in rows
    ]
    return curves + [{"temperature": row["temperature"], "method": "known, test text", "share": known} for row in rows]


def with_suitable_prompt(params: Params, vocabulary: str, test: str) -> Params:
    """Parameters whose prompt suits the text.

    The first line of the test text, up to 100 characters, takes the place of a prompt of which fewer than half of the
    characters are in the vocabulary.
    """
    sampling = params.textgen.sampling
    prompt = sampling.prompt
    known = sum(character in vocabulary[1:] for character in prompt) / len(prompt)
    first = next((line.strip() for line in test.split("\n") if line.strip()), "")
    if known >= 0.5 or not first:
        return params
    other = first[:100] + ("\n" if "\n" in vocabulary else "")
    print(f"textgen.sampling.prompt, {prompt!r}, does not suit this text: {other!r}, of its test part, is used instead")
    sampling = sampling.model_copy(update={"prompt": other})
    return params.model_copy(update={"textgen": params.textgen.model_copy(update={"sampling": sampling})})
