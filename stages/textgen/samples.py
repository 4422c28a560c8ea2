"""Samples of the text model at each temperature, and what is measured on them."""

from typing import Any

import keras
import numpy as np

from stages.params import Params
from stages.textgen import generate as writing
from stages.textgen.characters import decode, encode

COPIED = 30  # characters from which a run that stands in the training text counts as copied


def measured(model: keras.Model, vocabulary: str, train: str, params: Params) -> list[dict[str, Any]]:
    """Samples of the model at 1 and at each other temperature, with measures of them."""
    settings = params.textgen.sampling
    temperatures = sorted({*params.textgen.temperatures, 1.0})  # at 1 the model's own distribution
    ids, entropies = writing.generate(
        model,
        encode(settings.prompt, vocabulary),
        temperatures,
        length=settings.length,
        seed=params.seed,
        samples=settings.samples,
    )
    known, copies = set(writing.words(train)), writing.Copies(train)
    rows = []
    for number, temperature in enumerate(temperatures):
        texts = [decode(row, vocabulary) for row in ids[number]]
        passage = copies.longest(texts)
        figures = {
            "temperature": temperature,
            "entropy": entropies[number].mean(),
            **{f"distinct_{n}": np.mean([writing.distinct(text, n) for text in texts]) for n in (1, 2, 3)},
            "known_words": np.mean([writing.known_words(text, known) for text in texts]),
            "longest_copy": len(passage),
            "copied": copies.share(texts, COPIED),
        }
        rows.append({"measures": figures, "prompt": settings.prompt, "copied": passage, "texts": texts})
    return rows


def known_words(text: str, train: str) -> float:
    """Share of the words in a text that the training text has."""
    return writing.known_words(text, set(writing.words(train)))


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

    Args:
        params: all of params.yaml.
        vocabulary: the model's.
        test: the text of the test part; its first line, up to 100 characters, takes the place of a prompt of which
            fewer than half of the characters are in the vocabulary.
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
