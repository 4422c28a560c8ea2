"""The text model: the characters so far → the probability of each character to come next."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

STREAMS = 32  # segments of a text that are scored in parallel
CONTEXT = 256  # characters read before each segment, so that its first characters are scored with a context
BLOCK = 256  # characters in one call
HASH_FACTOR, HASH_PRIME = 523, 4000037  # their product fits into 31 bits


class PassageLSTM(layers.LSTM):
    """An LSTM that carries its state from batch to batch and resets it every `passage` batches.

    Back-propagation ends with the batch, the state does not (truncated back-propagation through time: Williams & Peng
    1990, Neural Computation 2(4), pp. 490-501). Without resets the states drift away from those at the beginning of a
    text: after 1.4 million characters the validation loss was 0.15 nats higher.

    The count of batches is a variable of the model, so that a resumed training continues within a passage.
    """

    def __init__(self, units: int, *, passage: int, **options: Any) -> None:
        super().__init__(units, stateful=True, **options)
        self.passage = passage

    def build(self, sequences_shape: tuple[int | None, ...], initial_state_shape: Any = None) -> None:
        """Add the count of batches to the LSTM's weights and state."""
        self.batches = self.add_weight((), "zeros", "int32", trainable=False, name="batches")
        super().build(sequences_shape)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Read a batch of sequences, shape (batch, length, width), each continuing its row of the last batch."""
        kept = ops.cast(ops.not_equal(self.batches % self.passage, 0), "float32")
        for state in self.states:
            state.assign(state * kept)
        self.batches.assign(self.batches + 1)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)


class Past(layers.Layer):
    """The last `length` characters of each row, carried from batch to batch; zeros at the beginning."""

    stateful = True

    def __init__(self, length: int, *, passage: int | None, **options: Any) -> None:
        super().__init__(**options)
        self.length, self.passage, self.states = length, passage, []

    def build(self, characters_shape: tuple[int | None, ...]) -> None:
        """Add the state, kept outside the model's weights as an LSTM's is, and the count of batches."""
        self.batches = self.add_weight((), "zeros", "int32", trainable=False, name="batches")
        shape = (characters_shape[0], self.length)
        self.states = [keras.Variable(np.zeros(shape, np.int32), trainable=False, dtype="int32", name="past")]
        super().build(characters_shape)

    def call(self, characters: Any) -> Any:
        """Prepend the past to characters, shape (batch, length): (batch, self.length + length)."""
        (past,) = self.states
        kept = ops.convert_to_tensor(past)
        if self.passage is not None:
            kept = kept * ops.cast(ops.not_equal(self.batches % self.passage, 0), "int32")
            self.batches.assign(self.batches + 1)
        whole = ops.concatenate([kept, characters], axis=1)
        past.assign(whole[:, -self.length :])
        return whole

    def reset_state(self) -> None:
        """Set the past to zeros."""
        self.states[0].assign(np.zeros_like(self.states[0]))


def build(
    vocabulary: int,
    embedding: int | None,
    units: Sequence[int],
    *,
    order: int = 1,
    rows: int = 1,
    batch: int | None = None,
    passage: int | None = None,
) -> keras.Model:
    """Character ids → embeddings of the character and of the n-grams it ends → stack of LSTMs → logits of the next.

    An n-gram's embedding is found by its hash (Svenstrup, Hansen & Winther 2017, "Hash Embeddings for Efficient Word
    Representations", NeurIPS). All embeddings are added up, so that longer n-grams do not widen the LSTM's input. A
    skip connection leads the sum to the logits too, as in Mikolov et al. 2011, "Strategies for Training Large Scale
    Neural Network Language Models", ASRU.

    Args:
        vocabulary: number of character ids.
        embedding: size of the learned vector of a character and of an n-gram; None for one-hot characters.
        units: size of each LSTM.
        order: characters in the longest n-gram; 1 for none. Needs an embedding.
        rows: vectors for the n-grams of each length; n-grams with the same hash share one.
        batch: number of texts read in parallel. If given, the model is stateful: each call continues where the last
            one ended. The weights have the same shapes either way.
        passage: with `batch`: reset the state every so many calls; None for never.

    Returns:
        A model from ids, shape (batch, length), to logits, shape (batch, length, vocabulary).
    """
    characters = keras.Input((None,), batch_size=batch, dtype="int32", name="characters")
    embedded = x = _embedded(characters, vocabulary, embedding, order=order, rows=rows, passage=passage)
    for number, width in enumerate(units):
        options = {"return_sequences": True, "name": f"lstm_{number + 1}"}
        if passage is None:
            x = layers.LSTM(width, stateful=batch is not None, **options)(x)
        else:
            x = PassageLSTM(width, passage=passage, **options)(x)
    if order > 1:
        x = layers.Concatenate(name="states")([x, embedded])
    return keras.Model(characters, layers.Dense(vocabulary, name="logits")(x), name="textgen")


def _embedded(
    characters: keras.KerasTensor,
    vocabulary: int,
    embedding: int | None,
    *,
    order: int,
    rows: int,
    passage: int | None,
) -> keras.KerasTensor:
    """The sum of the embeddings of each character and of the n-grams it ends; arguments as for `build`."""
    if embedding is None:
        one_hot = keras.initializers.Identity()
        x = layers.Embedding(vocabulary, vocabulary, one_hot, trainable=False, name="one_hot")(characters)
    else:
        x = layers.Embedding(vocabulary, embedding, name="embedding")(characters)
    if order > 1:
        if characters.shape[0] is None:
            whole = ops.pad(characters, [[0, 0], [order - 1, 0]])
        else:
            whole = Past(order - 1, passage=passage, name="past")(characters)
        for length, keys in hashes(whole, order, rows):
            x = x + layers.Embedding(rows, embedding, name=f"grams_{length}")(keys)
    return x


def hashes(whole: Any, order: int, rows: int) -> list[tuple[int, Any]]:
    """The row of the embedding for the n-gram that ends at each character.

    Args:
        whole: ids, shape (batch, order - 1 + length).
        order: characters in the longest n-gram.
        rows: number of rows; a prime spreads the n-grams best.

    Returns:
        For each length of n-gram from 2 on: the length, and numbers below `rows`, shape (batch, length).
    """

    def back(places: int) -> Any:
        return whole[:, order - 1 - places : -places or None]

    found = []
    for length in range(2, order + 1):
        key = back(0)
        for places in range(1, length):
            key = ops.mod(key, HASH_PRIME) * HASH_FACTOR + back(places) + places
        found.append((length, ops.mod(key, rows)))
    return found


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the trained weights of `source` to `target`; recurrent states stay as they are."""
    for old, new in zip(source.trainable_variables, target.trainable_variables, strict=True):
        new.assign(old)


def reader(model: keras.Model, batch: int) -> keras.Model:
    """A stateful copy of `model` that reads `batch` texts in parallel."""
    embedded, *grams = [layer for layer in model.layers if isinstance(layer, layers.Embedding)]
    copy = build(
        model.get_layer("logits").units,
        embedded.output_dim if embedded.trainable else None,
        [layer.units for layer in model.layers if isinstance(layer, layers.LSTM)],
        order=1 + len(grams),
        rows=grams[0].input_dim if grams else 1,
        batch=batch,
    )
    copy_weights(model, copy)
    return copy


def forget(model: keras.Model) -> None:
    """Reset the state of a stateful model to zeros."""
    for layer in model.layers:
        if isinstance(layer, layers.LSTM | Past):
            layer.reset_state()


def score(reader: keras.Model, ids: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy of a network on a text, character by character.

    The text is cut into as many segments as `reader` reads in parallel. Each is read from `CONTEXT` characters before
    it, and every character is scored once.

    Args:
        reader: made by `reader`.
        ids: the text, shape (n,).
        start: id read before the first character: a line feed, which new text follows.

    Returns:
        Negative log-likelihood of each character in nats, and whether it was the most probable one; both of shape (n,).
    """
    forget(reader)
    streams = reader.input_shape[0]
    seen = np.r_[start, ids[:-1]]
    width = -(-len(ids) // streams)
    first = np.arange(streams) * width
    nats, hits = np.zeros(len(ids)), np.zeros(len(ids), bool)
    for offset in range(-CONTEXT, width, BLOCK):
        places = first[:, None] + np.arange(offset, offset + BLOCK)
        inside = np.clip(places, 0, len(ids) - 1)
        # `start` fills all places before the text
        logits = reader.predict_on_batch(np.where(places < 0, start, seen[inside]).astype(np.int32))
        likelihoods = log_softmax(logits)
        scored = (places >= first[:, None]) & (places < np.minimum(first + width, len(ids))[:, None])
        chosen = np.take_along_axis(likelihoods, ids[inside][..., None], axis=-1)[..., 0]
        nats[places[scored]] = -chosen[scored]
        hits[places[scored]] = (logits.argmax(axis=-1) == ids[inside])[scored]
    return nats, hits


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities along the last axis; the greatest logit is subtracted first, so that none overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
