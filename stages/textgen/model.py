"""The text model: the characters so far → how likely each character is to come next."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

STREAMS = 32  # stretches of a text that are scored side by side
CONTEXT = 256  # characters that are read before a stretch, so that it is not scored without its past
BLOCK = 256  # characters in one call


class PassageLSTM(layers.LSTM):
    """An LSTM that carries its state from batch to batch, and starts afresh every `passage` batches.

    Back-propagation ends with the batch, memory does not (truncated back-propagation through time: Williams & Peng
    1990, Neural Computation 2(4), pp. 490-501). Without the fresh starts the states drift to where no new text
    begins: after 1.4 million characters validation was then 0.15 nats behind.

    The count of batches is a variable of the model, so that a resumed training goes on within a passage.
    """

    def __init__(self, units: int, *, passage: int, **options: Any) -> None:
        super().__init__(units, stateful=True, **options)
        self.passage = passage

    def build(self, sequences_shape: tuple[int | None, ...], initial_state_shape: Any = None) -> None:
        """Add the count of batches to the LSTM's weights and state."""
        self.batches = self.add_weight((), "zeros", "int32", trainable=False, name="batches")
        super().build(sequences_shape)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Read a batch of sequences, shape (batch, length, width), each after its own in the batch before."""
        kept = ops.cast(ops.not_equal(self.batches % self.passage, 0), "float32")
        for state in self.states:
            state.assign(state * kept)
        self.batches.assign(self.batches + 1)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)


def build(
    vocabulary: int,
    embedding: int | None,
    units: Sequence[int],
    *,
    batch: int | None = None,
    passage: int | None = None,
) -> keras.Model:
    """Character ids → embedding → stack of LSTMs → logits of the next character.

    Args:
        vocabulary: number of character ids.
        embedding: how many learned numbers stand for a character; None for one-hot.
        units: size of each LSTM.
        batch: number of texts read side by side; given, every call goes on where the last one ended. The weights have
            the same shapes either way.
        passage: with `batch`: start afresh every so many calls; None for never.

    Returns:
        A model from ids, shape (batch, length), to logits, shape (batch, length, vocabulary).
    """
    characters = keras.Input((None,), batch_size=batch, dtype="int32", name="characters")
    if embedding is None:
        one_hot = keras.initializers.Identity()
        x = layers.Embedding(vocabulary, vocabulary, one_hot, trainable=False, name="one_hot")(characters)
    else:
        x = layers.Embedding(vocabulary, embedding, name="embedding")(characters)
    for number, width in enumerate(units):
        options = {"return_sequences": True, "name": f"lstm_{number + 1}"}
        if passage is None:
            x = layers.LSTM(width, stateful=batch is not None, **options)(x)
        else:
            x = PassageLSTM(width, passage=passage, **options)(x)
    return keras.Model(characters, layers.Dense(vocabulary, name="logits")(x), name="textgen")


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give `target` the trained weights of `source`; recurrent states stay as they are."""
    for old, new in zip(source.trainable_variables, target.trainable_variables, strict=True):
        new.assign(old)


def reader(model: keras.Model, batch: int) -> keras.Model:
    """A model with the weights of `model` that reads `batch` texts side by side and goes on where it was."""
    first, *lstms, last = model.layers[1:]
    embedding = first.output_dim if first.trainable else None
    copy = build(last.units, embedding, [lstm.units for lstm in lstms], batch=batch)
    copy_weights(model, copy)
    return copy


def forget(model: keras.Model) -> None:
    """Set the recurrent states of a model that carries them to 0, as before any text."""
    for layer in model.layers:
        if isinstance(layer, layers.LSTM):
            layer.reset_state()


def score(reader: keras.Model, ids: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """How well a network foretells a text, character by character.

    The text is cut into as many stretches as `reader` reads side by side. Each is read from `CONTEXT` characters before
    it, and every character is scored once.

    Args:
        reader: made by `reader`.
        ids: the text, shape (n,).
        start: id read before the first character; a line feed, since that is what new text follows.

    Returns:
        Cost of each character in nats, and whether it was the likeliest one; both of shape (n,).
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
        # before the text begins stands `start`, over and over
        logits = reader.predict_on_batch(np.where(places < 0, start, seen[inside]).astype(np.int32))
        likelihoods = log_softmax(logits)
        scored = (places >= first[:, None]) & (places < np.minimum(first + width, len(ids))[:, None])
        chosen = np.take_along_axis(likelihoods, ids[inside][..., None], axis=-1)[..., 0]
        nats[places[scored]] = -chosen[scored]
        hits[places[scored]] = (logits.argmax(axis=-1) == ids[inside])[scored]
    return nats, hits


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities along the last axis; the greatest logit is taken off first, so none overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
