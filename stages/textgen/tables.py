"""Counts of n-grams as layers: tables that a context's hash leads to, and the distribution of the next character.

Stock layers alone, whose weights are the counts: a model with them is saved, loaded and exported as any other.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from stages.textgen.baselines import KneserNey

NUMBERS = 2**25  # in all rows, at most: with a large alphabet fewer contexts have one
PLACES = 4  # of contexts in a slot of an index, which has a slot for each: one in 300 finds its slot full, has no row
# Their product fits into 31 bits. A hash modulo the prime is the fingerprint by which a slot tells its contexts apart;
# float32 holds it exactly.
HASH_FACTOR, HASH_PRIME = 523, 4000037


class Table(NamedTuple):
    """What an n-gram model has learnt about the contexts of one length.

    A context's hash leads to a slot of the index, which holds the fingerprints of its contexts, then their rows in
    `continuations`. A row has for each next character what the counts give it, and last the share of the probability
    that goes to the next shorter context. Row 0, of contexts without a row, leaves all to the shorter one.
    """

    index: np.ndarray  # shape (slots, 2 × PLACES)
    continuations: np.ndarray  # shape (rows, vocabulary + 1)


def tables(model: KneserNey, order: int, contexts: int) -> list[Table]:
    """The n-gram model of one order as the tables of the text model, which keep the contexts that tell most.

    A context tells how much likelier its counts make the training text than the next shorter context does: the weighted
    difference of Seymore & Rosenfeld 1996, "Scalable backoff language models", ICSLP. One without a row is passed over,
    as one that the training text lacks: the distribution is that of the next shorter context. So many `contexts` of all
    lengths together have a row, or fewer if the rows had more than `NUMBERS` numbers.

    Returns:
        One table for each length of context, from 0 on. The first has one row, without a share for a shorter context.
    """
    vocabulary = model.vocabulary
    keys = np.arange(vocabulary)
    probabilities = model.level(1, order).interpolate(keys, np.full(vocabulary, 1 / vocabulary))
    found = [Table(np.zeros((0, 2 * PLACES), np.float32), probabilities[None].astype(np.float32))]
    levels = [model.level(n, order) for n in range(2, order + 1)]
    told = []
    for n, level in enumerate(levels, start=2):
        shorter = probabilities[np.searchsorted(keys, level.keys % vocabulary ** (n - 1))]
        place = np.searchsorted(level.contexts, level.keys // vocabulary)
        keys, probabilities = level.keys, level.kept() / level.totals[place] + level.saved[place] * shorter
        told.append(np.bincount(place, level.kept() * np.log(probabilities / shorter)))
    limit = min(contexts, NUMBERS // (vocabulary + 1))
    best = np.argsort(-np.concatenate([*told, []]).round(6), kind="stable")[:limit]
    for level, first in zip(levels, np.cumsum([0, *map(len, told)]), strict=False):
        kept = best[(best >= first) & (best < first + len(level.contexts))] - first
        row = np.zeros(len(level.contexts), np.int64)
        row[kept] = np.arange(1, len(kept) + 1)
        place = np.searchsorted(level.contexts, level.keys // vocabulary)
        continuations = np.zeros((len(kept) + 1, vocabulary + 1), np.float32)
        continuations[row[place], level.keys % vocabulary] = level.kept() / level.totals[place]
        continuations[1:, -1] = level.saved[kept]
        continuations[0], continuations[0, -1] = 0, 1
        length = len(found)
        found.append(Table(_index(level.contexts[kept], length, vocabulary), continuations))
    return found


def _index(contexts: np.ndarray, length: int, vocabulary: int) -> np.ndarray:
    """The slots of contexts, each `length` characters long, the most important first; their rows count from 1."""
    powers = vocabulary ** np.arange(length - 1, -1, -1, dtype=np.int64)
    keys = hashes(contexts[:, None] // powers % vocabulary, length - 1, length)[-1][:, 0]
    slots = len(contexts) + 1
    slot, fingerprint = keys % slots, keys % HASH_PRIME
    # Of contexts that the model cannot tell apart, the first one.
    order = np.sort(np.unique(slot * HASH_PRIME + fingerprint, return_index=True)[1])
    order = order[np.argsort(slot[order], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(slot[order], slot[order])
    order, place = order[place < PLACES], place[place < PLACES]
    index = np.zeros((slots, 2 * PLACES), np.float32)
    index[:, :PLACES] = -1  # no fingerprint
    index[slot[order], place] = fingerprint[order]
    index[slot[order], PLACES + place] = order + 1
    return index


class Past(layers.Layer):
    """The last `length` characters of each row, carried from batch to batch; zeros at the beginning."""

    stateful = True

    def __init__(self, length: int, **options: Any) -> None:
        super().__init__(**options)
        self.length, self.states = length, []

    def build(self, characters_shape: tuple[int | None, ...]) -> None:
        """Add the state, kept outside the model's weights as an LSTM's is."""
        shape = (characters_shape[0], self.length)
        self.states = [keras.Variable(np.zeros(shape, np.int32), trainable=False, dtype="int32", name="past")]
        super().build(characters_shape)

    def call(self, characters: Any) -> Any:
        """Prepend the past to characters, shape (batch, length): (batch, self.length + length)."""
        (past,) = self.states
        whole = ops.concatenate([ops.convert_to_tensor(past), characters], axis=1)
        past.assign(whole[:, -self.length :])
        return whole

    def reset_state(self) -> None:
        """Set the past to zeros."""
        self.states[0].assign(np.zeros_like(self.states[0]))


def distribution(
    characters: keras.KerasTensor, vocabulary: int, sizes: Sequence[tuple[int, int]], source: keras.Model | None = None
) -> keras.KerasTensor:
    """The n-grams' distribution of the next character, shape (batch, length, vocabulary), from tables of these sizes.

    From the shortest context to the longest one: what its counts give, and the shorter one's distribution for the rest.
    With a `source` the tables are the layers of that model.
    """
    past = max(1, len(sizes) - 2)
    if characters.shape[0] is None:
        whole = ops.pad(characters, [[0, 0], [past, 0]])
    else:
        whole = Past(past, name="past")(characters)

    def table(rows: int, width: int, name: str) -> layers.Layer:
        if source is not None:
            return source.get_layer(name)
        return layers.Embedding(rows, width, "zeros", trainable=False, name=name)

    found = table(1, vocabulary, "continuations_0")(ops.zeros_like(characters))
    for length, keys in enumerate(hashes(whole, past, len(sizes) - 1), start=1):
        slots, rows = sizes[length]
        slot = table(slots, 2 * PLACES, f"index_{length}")(ops.mod(keys, slots))
        match = ops.equal(slot[..., :PLACES], ops.cast(keys % HASH_PRIME, "float32")[..., None])
        row = ops.cast(ops.sum(ops.where(match, slot[..., PLACES:], 0.0), axis=-1), "int32")
        row = table(rows, vocabulary + 1, f"continuations_{length}")(row)
        found = row[..., :-1] + row[..., -1:] * found
    return found


def hashes(whole: Any, past: int, longest: int) -> list[Any]:
    """Numbers for the contexts of 1, 2, ... `longest` characters that end at each character after the `past`.

    From ids, shape (batch, past + length), to int32, from 0 on, shape (batch, length) for each length of context.
    Contexts with the same number are the same to the model: about ten pairs in 65,536 contexts of seven characters.
    """

    def back(places: int) -> Any:
        return whole[:, past - places : -places or None]

    found = []
    for length in range(1, longest + 1):
        key = back(0)
        for places in range(1, length):
            key = key % HASH_PRIME * HASH_FACTOR + back(places) + places
        found.append(key)
    return found


def fill(model: keras.Model, tables: Sequence[Table]) -> None:
    """Set the n-gram tables of a model that was built with their sizes."""
    for length, table in enumerate(tables):
        model.get_layer(f"continuations_{length}").set_weights([table.continuations])
        if length:
            model.get_layer(f"index_{length}").set_weights([table.index])
