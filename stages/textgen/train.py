"""train-textgen: the LSTM, trained on contiguous passages with its state carried on, and the n-grams of the text."""

from typing import Any

import keras
import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.params import Params, Textgen
from stages.textgen import baselines, tables
from stages.textgen import model as network
from stages.textgen.characters import log_softmax
from stages.textgen.preprocess import OUTPUT as DATA
from stages.textgen.preprocess import Parts, read
from stages.training.batches import batches, permutations
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.layers import start_orthogonal
from stages.training.optimizers import adam, muon, warmup_cosine

MODEL = "models/textgen.keras"
HISTORY = "plots/textgen/history.csv"
PRIOR = 5_000.0  # pull of the default weights, about that of as many characters: validation text is often the end of
# the same document, where the LSTM and the longest n-grams are better than on another one
FEW = 300  # characters of validation text that two weights can be fitted on, at least
NUMBERS = 2**22  # logits that a validation in training takes, at most: the beginning of a long text
OPTIMIZERS = {"adam": adam, "muon": muon}
# What params.yaml may leave open in textgen.network and textgen.training: a row of textgen.sizes has it.
OPEN = {
    "network": ("units", "dropout", "sharpness"),
    "training": ("optimizer", "steps", "batch", "passage", "learning_rate"),
}


def main(params: Params) -> None:
    text, vocabulary = read()
    settings = chosen(params.textgen, len(text.train))
    sizes = sizes_of(settings, len(text.train))
    if len(text.train) <= settings.training.length:
        raise StageError(
            f"{DATA} has {len(text.train)} characters to train on; textgen.training.length asks for passages of "
            f"{settings.training.length}: make it smaller, or data.text longer"
        )
    told = ", ".join(f"{name} {value}" for name, value in sizes.items())
    print(f"textgen: {len(text.train):,} characters to train on: {told}", flush=True)
    start = max(0, vocabulary.find("\n"))
    shape = network.Shape(len(vocabulary), settings.network.embedding, settings.network.units)
    lstm, history, checkpoint = trained(text, start, shape, params, settings)
    model = network.TextModel(lstm, shape, vocabulary, params.seed, sizes)
    if settings.ngrams.contexts:
        model = combined(model, text, start, settings)
    network.write(MODEL, model)
    artifacts.write_csv(HISTORY, history)
    checkpoint.remove()


def chosen(settings: Textgen, characters: int) -> Textgen:
    """Settings in which nothing is left open: see the comment on textgen.sizes in params.yaml."""
    row = [row for row in settings.sizes if row.characters <= characters][-1]
    filled = {}
    for name, keys in OPEN.items():
        section = getattr(settings, name)
        update = {key: getattr(row, key) for key in keys if getattr(section, key) is None}
        filled[name] = section.model_copy(update=update)
    return settings.model_copy(update=filled)


def sizes_of(settings: Textgen, characters: int) -> dict[str, Any]:
    """What `chosen` chose, as the model's file carries it, and how often the training reads the text."""
    found = {key: getattr(getattr(settings, name), key) for name, keys in OPEN.items() for key in keys}
    training = settings.training
    return found | {"passes": training.steps * training.batch * training.length / characters}


def trained(
    text: Parts, start: int, shape: network.Shape, params: Params, settings: Textgen
) -> tuple[keras.Model, list[dict[str, float]], Checkpoint]:
    """The trained LSTM, its history, and the checkpoint, to be removed when the model is written."""
    training = settings.training
    prepare(params.seed)
    stateful = {"dropout": settings.network.dropout, "batch": training.batch, "passage": training.passage}
    model = network.build(shape, **stateful)
    start_orthogonal(model, params.seed)
    rate = warmup_cosine(training.learning_rate, training.steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(OPTIMIZERS[training.optimizer](rate, clip=training.clip), loss, jit_compile=False)
    lstm = network.build(shape)
    reader = network.reader(lstm, shape, network.STREAMS)
    held_out = text.validation[: NUMBERS // shape.vocabulary]

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=training.steps, epochs=training.epochs)
        lengths = {"batch": training.batch, "length": training.length, "passage": training.passage}
        return batches(*readings(text.train, steps, **lengths, seed=params.seed), training.batch)

    def validate(model: keras.Model) -> dict[str, float]:
        network.copy_weights(model, reader)
        nats, _ = network.costs(reader, held_out, start)
        return {"loss": nats.mean()}

    sections = {"network": settings.network, "training": training}
    depends_on = {"seed": params.seed, "threads": params.threads, **sections}
    checkpoint = Checkpoint("textgen", depends_on, inputs=[DATA])
    history = fit(model, epoch_data, epochs=training.epochs, validate=validate, checkpoint=checkpoint)
    network.copy_weights(model, lstm)
    return lstm, history, checkpoint


def combined(lstm: network.TextModel, text: Parts, start: int, settings: Textgen) -> network.TextModel:
    """The LSTM and the n-grams of the training text as one model; validation text sets order and weights."""
    counted = baselines.KneserNey(text.train, settings.ngrams.order, lstm.shape.vocabulary)
    order = 1 + int(np.argmin(-np.log(counted.probabilities(text.validation, start)).mean(axis=1)))
    made = tables.tables(counted, order, settings.ngrams.contexts)
    del counted
    shape = lstm.shape._replace(tables=[(len(table.index), len(table.continuations)) for table in made])
    model = network.build(shape)
    network.copy_weights(lstm.network, model)
    tables.fill(model, made)
    del made
    reader = network.reader(model, shape, network.STREAMS, parts=True)
    fitted = chosen_weights(reader, text.validation, start)
    weights = tuple(round(weight * settings.network.sharpness, 3) for weight in fitted)
    for name, weight in zip(network.WEIGHTED, weights, strict=True):
        model.get_layer(name).scale = weight  # before the model is called for the first time
    print(f"textgen: LSTM and n-grams of up to {order} characters, weighted {weights[0]:g} and {weights[1]:g}")
    return lstm._replace(network=model, shape=shape)


def chosen_weights(reader: keras.Model, ids: np.ndarray, start: int) -> tuple[float, float]:
    """The weights of LSTM and n-grams that are best on validation text; the default ones where it is too short."""
    if len(ids) < FEW:
        print(f"textgen: {len(ids):,} characters to validate on are too few to fit weights; the default ones stay")
        return network.DEFAULT_WEIGHTS
    ids = ids[: NUMBERS // reader.output_shape[0][-1]]
    blocks = [(ids[places], outputs[1:]) for places, outputs in network.read(reader, ids, start)]
    characters = np.concatenate([read for read, _ in blocks])
    scores = np.concatenate([np.array(outputs) for _, outputs in blocks], axis=1)
    return fitted_weights(scores, characters)


def fitted_weights(scores: np.ndarray, ids: np.ndarray, pull: float = PRIOR) -> tuple[float, float]:
    """The weights of two models in the sum of their logits that are best on a text, by Newton's method.

    The cross-entropy is convex in the weights. Its gradient is the mean score of what is predicted minus that of what
    is there; its second derivatives are the covariances of the scores in what is predicted. `scores` are the logits of
    both models, shape (2, n, vocabulary), `ids` the text, shape (n,). The weights are in [0, 2], to three digits.
    """
    there = scores[:, np.arange(len(ids)), ids]
    weights = np.array(network.DEFAULT_WEIGHTS)
    for _ in range(20):
        predicted = np.exp(log_softmax(np.tensordot(weights.astype(np.float32), scores, axes=1)))
        means = (predicted * scores).sum(axis=-1, dtype=np.float64)
        squares = [[(predicted * a * b).sum(dtype=np.float64) for b in scores] for a in scores]
        gradient = (means - there).sum(axis=1)
        gradient += pull * (weights - network.DEFAULT_WEIGHTS)
        step = np.linalg.solve(squares - means @ means.T + pull * np.eye(2), gradient)
        weights = (weights - step).clip(0, 2)
        if np.abs(step).max() < 1e-5:
            break
    return round(float(weights[0]), 3), round(float(weights[1]), 3)


def readings(
    ids: np.ndarray, steps: range, *, batch: int, length: int, passage: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The batches of some optimizer steps: each row reads a passage from beginning to end, then another one.

    The text is cut into passages of `passage` steps. Each is read once, in random order, before any is read again, so
    that the last steps are not biased towards a few plays. The result depends on seed and step numbers alone: a resumed
    training reads the same batches as an uninterrupted one. Characters and the ones that follow them have the shape
    (len(steps) * batch, length), step after step.
    """
    last = len(ids) - 1
    size = min(length * passage, last)
    order = permutations(last // size, seed)
    first, stop = steps.start // passage, (steps.stop - 1) // passage + 1
    starts = size * order(first * batch, stop * batch).reshape(-1, batch)
    numbers = np.array(steps)
    offsets = (numbers % passage * length)[:, None, None] + np.arange(length)
    places = (starts[numbers // passage - first][:, :, None] + offsets) % last
    places = places.reshape(-1, length)
    return ids[places], ids[places + 1]


if __name__ == "__main__":
    run(main)
