"""The text model: the characters so far → the logits of the character to come next.

An LSTM and an n-gram model each give a distribution; the text model's is their weighted product.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from stages.core import model_files
from stages.textgen.characters import log_softmax
from stages.textgen.tables import Past, distribution

STREAMS = 32  # segments of a text that are scored in parallel
CONTEXT = 256  # characters read before each segment, so that its first characters are scored with a context
BLOCK = 256  # characters in one call
LEAST = 1e-30  # probability that n-grams give to a character
DEFAULT_WEIGHTS = (0.4, 0.5)  # of LSTM and n-grams, where the validation text is too short to fit them
WEIGHTED = ("lstm_weight", "ngrams_weight")  # the layers that multiply by them


class Shape(NamedTuple):
    """What a text model is built from."""

    vocabulary: int  # number of character ids
    embedding: int | None  # numbers in a character's learned vector; None for one-hot characters
    units: Sequence[int]  # of each LSTM
    # Slots and rows of the n-grams' tables, for contexts of 0, 1, 2, ... characters; none: the LSTM alone.
    tables: Sequence[tuple[int, int]] = ()


class TextModel(NamedTuple):
    """A trained network with what its file carries beside it."""

    network: keras.Model
    shape: Shape
    vocabulary: str  # the character of each id
    seed: int
    sizes: Mapping[str, Any] = {}  # what params.yaml leaves open, as the training chose it


class Carried(model_files.Carried):
    """What the file of a text model carries."""

    names, what = ("textgen",), "a text model"

    vocabulary: str
    shape: Shape
    sizes: dict[str, Any]


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


def build(
    shape: Shape,
    *,
    weights: tuple[float, float] = DEFAULT_WEIGHTS,
    dropout: float = 0.0,
    batch: int | None = None,
    passage: int | None = None,
    tables_of: keras.Model | None = None,
) -> keras.Model:
    """Character ids → embedding → stack of LSTMs → logits of the next; added to those of n-grams, if any.

    Log-linear interpolation: a weighted sum of the log-probabilities of both, so a character is likely where neither
    finds it unlikely (Klakow 1998, "Log-linear interpolation of language models", ICSLP; Hinton 2002, "Training
    products of experts by minimizing contrastive divergence", Neural Computation 14(8)). A mean of probabilities keeps
    every unlikely character that either of them allows. Recurrent networks and n-grams make different errors, so both
    are better than one (Mikolov et al. 2011, "Empirical evaluation and combination of advanced language modeling
    techniques", Interspeech, pp. 605-608).

    From ids, shape (batch, length), to logits, shape (batch, length, vocabulary). `dropout` hides a share of the last
    LSTM's outputs while training (Zaremba et al. 2014, "Recurrent neural network regularization", arXiv:1409.2329).
    With a `batch` so many texts are read in parallel, each call continuing where the last one ended, and with a
    `passage` the state is reset every so many calls. The tables of the n-grams may be `tables_of` another model.
    """
    characters = keras.Input((None,), batch_size=batch, dtype="int32", name="characters")
    if shape.embedding is None:
        one_hot = keras.initializers.Identity()
        x = layers.Embedding(shape.vocabulary, shape.vocabulary, one_hot, trainable=False, name="one_hot")(characters)
    else:
        x = layers.Embedding(shape.vocabulary, shape.embedding, name="embedding")(characters)
    for number, width in enumerate(shape.units):
        options = {"return_sequences": True, "name": f"lstm_{number + 1}"}
        if passage is None:
            x = layers.LSTM(width, stateful=batch is not None, **options)(x)
        else:
            x = PassageLSTM(width, passage=passage, **options)(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(shape.vocabulary, name="logits")(x)
    if not shape.tables:
        return keras.Model(characters, logits, name="textgen")
    # Products of many small shares may leave the range of float32, where the logarithm is minus infinity.
    likelihoods = ops.log(ops.maximum(distribution(characters, shape.vocabulary, shape.tables, tables_of), LEAST))
    lstm = layers.Rescaling(weights[0], name=WEIGHTED[0])(logits)
    ngrams = layers.Rescaling(weights[1], name=WEIGHTED[1])(likelihoods)
    return keras.Model(characters, layers.Add(name="product")([lstm, ngrams]), name="textgen")


def load(path: str | Path) -> TextModel:
    """A text model from its file."""
    network, carried = model_files.load(path, Carried)
    return TextModel(network, Shape(*carried.pop("shape")), **carried)


def write(path: str | Path, model: TextModel) -> None:
    """Write a text model."""
    carried = model._asdict() | {"shape": model.shape._asdict()}
    model_files.write(path, carried.pop("network"), carried)


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of `source` to those layers that `target` has too; recurrent states stay as they are."""
    layers_of_source = {layer.name: layer for layer in source.layers}

    def matrices(layer: keras.layers.Layer) -> list[keras.Variable]:
        return [variable for variable in layer.weights if variable.name != "batches"]  # of a PassageLSTM

    for layer in target.layers:
        if layer in source.layers:  # shared
            continue
        if isinstance(layer, layers.Embedding | layers.LSTM | layers.Dense) and layer.name in layers_of_source:
            for new, value in zip(matrices(layer), matrices(layers_of_source[layer.name]), strict=True):
                new.assign(value)


def weights_of(model: keras.Model) -> tuple[float, float]:
    """The weights of LSTM and n-grams in a model that has both."""
    return tuple(model.get_layer(name).scale for name in WEIGHTED)


def reader(model: keras.Model, shape: Shape, batch: int, *, parts: bool = False) -> keras.Model:
    """A stateful copy of `model` that reads `batch` texts in parallel.

    With `parts` it also gives the outputs of the LSTM and, where the model has them, of the n-grams by themselves.
    """
    weights = weights_of(model) if shape.tables else DEFAULT_WEIGHTS
    copy = build(shape, weights=weights, batch=batch, tables_of=model)  # a second copy of them takes 150 MB
    copy_weights(model, copy)
    if not parts:
        return copy
    by_themselves = [copy.get_layer(name).input for name in WEIGHTED] if shape.tables else [copy.output]
    return keras.Model(copy.input, [copy.output, *by_themselves])


def forget(model: keras.Model) -> None:
    """Reset the state of a stateful model to zeros."""
    for layer in model.layers:
        if isinstance(layer, layers.LSTM | Past):
            layer.reset_state()


def read(reader: keras.Model, ids: np.ndarray, start: int) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Read a text, shape (n,), block by block.

    The text is cut into as many segments as `reader` reads in parallel. Each is read from `CONTEXT` characters before
    it, and every character is predicted once. `start` is the id before the text: a line feed, which new text follows.

    Yields:
        Places in the text, shape (k,), and the logits there by each output, shape (k, vocabulary).
    """
    forget(reader)
    streams = reader.input_shape[0]
    seen = np.r_[start, ids[:-1]]
    width = -(-len(ids) // streams)
    first = np.arange(streams) * width
    for offset in range(-CONTEXT, width, BLOCK):
        places = first[:, None] + np.arange(offset, offset + BLOCK)
        inside = np.clip(places, 0, len(ids) - 1)
        # `start` fills all places before the text
        outputs = reader.predict_on_batch(np.where(places < 0, start, seen[inside]).astype(np.int32))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        scored = (places >= first[:, None]) & (places < np.minimum(first + width, len(ids))[:, None])
        yield places[scored], [logits[scored] for logits in outputs]


def costs(reader: keras.Model, ids: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Negative log-likelihood of each character of a text in nats by each output of a reader, shape (outputs, n).

    And whether the character was the most probable one by the first output, shape (n,). Arguments as for `read`.
    """
    nats, hits = np.zeros((len(reader.outputs), len(ids))), np.zeros(len(ids), bool)
    for places, outputs in read(reader, ids, start):
        for number, logits in enumerate(outputs):
            nats[number, places] = -log_softmax(logits)[np.arange(len(places)), ids[places]]
        hits[places] = outputs[0].argmax(axis=-1) == ids[places]
    return nats, hits
