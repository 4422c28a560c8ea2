"""train-textgen: the text model, its memory carried from batch to batch through a passage of the text."""

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
    settings, shape = params.textgen.training, params.textgen.network
    data = artifacts.read_npz(DATA)
    vocabulary = vocabulary_in(data)
    if len(data["train"]) <= settings.length:
        raise StageError(
            f"{DATA} has {len(data['train'])} characters to train on; textgen.training.length asks for passages of "
            f"{settings.length}: make it smaller, or data.text longer"
        )
    prepare(params.seed)
    layers = {"vocabulary": len(vocabulary), **shape.model_dump()}
    model = network.build(**layers, batch=settings.batch, passage=settings.passage)
    start_orthogonal(model, params.seed)
    model.compile(
        optimizer=lazy_adam(
            warmup_cosine(settings.learning_rate, settings.steps),
            beta_2=0.99,  # 0.999 remembers longer than this training lasts
            clip=settings.clip,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    final = network.build(**layers)
    reader = network.reader(final, network.STREAMS)
    start = max(0, vocabulary.find("\n"))

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        x, y = readings(
            data["train"],
            steps,
            batch=settings.batch,
            length=settings.length,
            passage=settings.passage,
            seed=params.seed,
        )
        return batches(x, y, settings.batch)

    def validate(model: keras.Model) -> dict[str, float]:
        network.copy_weights(model, reader)
        nats, _ = network.score(reader, data["validation"], start)
        return {"loss": nats.mean()}

    checkpoint = Checkpoint(
        "textgen",
        {
            "seed": params.seed,
            "threads": params.threads,
            "network": params.textgen.network,
            "training": params.textgen.training,
        },
        inputs=[DATA],
    )
    history = fit(model, epoch_data, epochs=settings.epochs, validate=validate, checkpoint=checkpoint)
    network.copy_weights(model, final)
    artifacts.write_model(MODEL, final)
    artifacts.write_csv(HISTORY, history)
    checkpoint.remove()


def readings(
    ids: np.ndarray, steps: range, *, batch: int, length: int, passage: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """What `batch` readers read in some optimizer steps: each goes straight through a passage, then takes up another.

    The text is cut into passages of `passage` steps. Each is read once, in random order, before any is read again; so
    the last steps do not lean to a few plays. A function of seed and step numbers alone: a resumed training reads
    what it would have read.

    Args:
        ids: training text, shape (n,).
        steps: consecutive optimizer steps.
        batch: number of readers.
        length: characters that each reads in a step.
        passage: steps that it takes to read a passage.
        seed: of the order.

    Returns:
        Characters and the ones that follow them, both of shape (len(steps) * batch, length): step after step, the
        readers of a step in the same order.
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
