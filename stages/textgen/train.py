"""train-textgen: the text model, trained on contiguous text, its memory carried from batch to batch."""

import keras
import numpy as np

from stages import artifacts, run, training
from stages.params import Params
from stages.textgen import model as network
from stages.textgen.preprocess import OUTPUT as DATA
from stages.textgen.preprocess import vocabulary_in

MODEL = "models/textgen.keras"
HISTORY = "plots/textgen/history.csv"


def main(params: Params) -> None:
    settings, shape = params.textgen.training, params.textgen.network
    data = artifacts.read_npz(DATA)
    vocabulary = vocabulary_in(data)
    training.prepare(params.seed)
    layers = {"vocabulary": len(vocabulary), "embedding": shape.embedding, "units": shape.units}
    model = network.build(**layers, batch=settings.batch, passage=settings.passage)
    model.compile(
        optimizer=keras.optimizers.Adam(
            training.warmup_cosine(settings.learning_rate, settings.steps),
            beta_2=0.99,  # 0.999 remembers longer than this training lasts
            global_clipnorm=settings.clip,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    final = network.build(**layers)
    reader = network.reader(final, network.STREAMS)
    start = max(0, vocabulary.find("\n"))

    def epoch_data(epoch: int) -> dict[str, np.ndarray | int]:
        steps = training.steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        x, y = streams(data["train"], steps, batch=settings.batch, length=settings.length)
        return {"x": x, "y": y, "batch_size": settings.batch}

    def validate(model: keras.Model) -> dict[str, float]:
        network.copy_weights(model, reader)
        nats, _ = network.score(reader, data["validation"], start)
        return {"loss": nats.mean()}

    checkpoint = training.Checkpoint(
        "textgen",
        {
            "seed": params.seed,
            "threads": params.threads,
            "network": params.textgen.network,
            "training": params.textgen.training,
        },
        inputs=[DATA],
    )
    history = training.fit(model, epoch_data, epochs=settings.epochs, validate=validate, checkpoint=checkpoint)
    network.copy_weights(model, final)
    artifacts.write_model(MODEL, final)
    artifacts.write_csv(HISTORY, history)
    checkpoint.remove()


def streams(ids: np.ndarray, steps: range, *, batch: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """What is read in some optimizer steps: `batch` readers, spread evenly over the text, each going straight on.

    A pure function of the step numbers: a resumed training reads what it would have read. Readers that come to the end
    of the text go on at its beginning.

    Args:
        ids: training text, shape (n,).
        steps: consecutive optimizer steps.
        batch: number of readers.
        length: characters that each reads in a step.

    Returns:
        Characters and the ones that follow them, both of shape (len(steps) * batch, length): step after step, the
        readers of a step in the same order.
    """
    last = len(ids) - 1
    starts = np.arange(batch) * last // batch
    places = starts[:, None] + np.arange(steps.start * length, steps.stop * length)
    by_step = (places % last).reshape(batch, len(steps), length).transpose(1, 0, 2).reshape(-1, length)
    return ids[by_step], ids[by_step + 1]


if __name__ == "__main__":
    run(main)
