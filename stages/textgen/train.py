"""train-textgen: the text model, trained on contiguous passages with its state carried from batch to batch."""

from typing import Any

import keras
import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.params import Params
from stages.textgen import model as network
from stages.textgen.preprocess import OUTPUT as DATA
from stages.textgen.preprocess import vocabulary_in
from stages.training.batches import batches, permutations
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.networks import start_orthogonal
from stages.training.optimizers import lazy_adam, warmup_cosine

MODEL = "models/textgen.keras"
HISTORY = "plots/textgen/history.csv"


def main(params: Params) -> None:
    settings = params.textgen.training
    data = artifacts.read_npz(DATA)
    vocabulary = vocabulary_in(data)
    if len(data["train"]) <= settings.length:
        raise StageError(
            f"{DATA} has {len(data['train'])} characters to train on; textgen.training.length asks for passages of "
            f"{settings.length}: make it smaller, or data.text longer"
        )
    prepare(params.seed)
    layers = {"vocabulary": len(vocabulary), **params.textgen.network.model_dump()}
    model = compiled(layers, params)
    final = network.build(**layers)
    reader = network.reader(final, network.STREAMS)
    start = max(0, vocabulary.find("\n"))

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        sizes = {"batch": settings.batch, "length": settings.length, "passage": settings.passage}
        return batches(*readings(data["train"], steps, **sizes, seed=params.seed), settings.batch)

    def validate(model: keras.Model) -> dict[str, float]:
        network.copy_weights(model, reader)
        nats, _ = network.score(reader, data["validation"], start)
        return {"loss": nats.mean()}

    sections = {"network": params.textgen.network, "training": settings}
    checkpoint = Checkpoint("textgen", {"seed": params.seed, "threads": params.threads, **sections}, inputs=[DATA])
    history = fit(model, epoch_data, epochs=settings.epochs, validate=validate, checkpoint=checkpoint)
    network.copy_weights(model, final)
    artifacts.write_model(MODEL, final)
    artifacts.write_csv(HISTORY, history)
    checkpoint.remove()


def compiled(layers: dict[str, Any], params: Params) -> keras.Model:
    """The stateful model to train, with its optimizer and loss.

    Args:
        layers: arguments of `network.build` that set the sizes.
        params: all of params.yaml; `seed` and `textgen.training` are used.
    """
    settings = params.textgen.training
    model = network.build(**layers, batch=settings.batch, passage=settings.passage)
    start_orthogonal(model, params.seed)
    model.compile(
        optimizer=lazy_adam(
            warmup_cosine(settings.learning_rate, settings.steps),
            beta_2=0.99,  # 0.999 averages over more steps than this training has
            clip=settings.clip,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    return model


def readings(
    ids: np.ndarray, steps: range, *, batch: int, length: int, passage: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The batches of some optimizer steps: each row reads a passage from beginning to end, then another one.

    The text is cut into passages of `passage` steps. Each is read once, in random order, before any is read again, so
    that the last steps are not biased towards a few plays. The result depends on seed and step numbers alone: a resumed
    training reads the same batches as an uninterrupted one.

    Args:
        ids: training text, shape (n,).
        steps: consecutive optimizer steps.
        batch: rows of a batch.
        length: characters of each row in a step.
        passage: steps in a passage.
        seed: of the order.

    Returns:
        Characters and the ones that follow them, both of shape (len(steps) * batch, length): step after step, the rows
        of each step in the same order.
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
