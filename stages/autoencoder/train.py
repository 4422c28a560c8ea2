"""train-autoencoder: the autoencoder with a code of `latent` numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.autoencoder.preprocess import OUTPUT as DATA
from stages.core import artifacts
from stages.core.command import run
from stages.core.digits import scaled
from stages.params import Params
from stages.training import augment
from stages.training.batches import permutations, streamed
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.optimizers import warmup_cosine

MODEL = "models/autoencoder.keras"
HISTORY = "plots/autoencoder/history.csv"
SIZES = Path("models/sizes")


def main(params: Params) -> None:
    trained = SIZES / f"latent-{params.latent}.keras"
    if trained.exists():
        # `train-sizes` has trained this very network; its seed does not depend on the other sizes.
        print(f"autoencoder: latent {params.latent} is among autoencoder.compare_latents, already trained")
        artifacts.write_bytes(MODEL, artifacts.read_bytes(trained))
        artifacts.write_bytes(HISTORY, artifacts.read_bytes(trained.with_suffix(".csv")))
    else:
        train(params, params.latent, MODEL, HISTORY).remove()


def train(params: Params, latent: int, model_path: str | Path, history_path: str | Path) -> Checkpoint:
    """Train one autoencoder and write it with its history.

    The length is counted in optimizer steps, so that more data costs the same time.

    Args:
        params: all of params.yaml; `seed` and the section `autoencoder` are obeyed.
        latent: size of the code.
        model_path: where the .keras file goes.
        history_path: where the losses go, a CSV row per epoch.

    Returns:
        Its checkpoint, which the caller removes when all that the stage makes has been written.
    """
    import keras  # here: 7 s that `main` saves when it only copies

    from stages.autoencoder import model as network
    from stages.training import networks
    from stages.training.losses import binary_cross_entropy

    settings = params.autoencoder.training
    data = artifacts.read_npz(DATA)
    images, held_out = data["train"], scaled(data["validation"])
    prepare(params.seed)
    model = network.build(latent, params.autoencoder.hidden)
    trained = networks.before_sigmoid(model)
    trained.compile(
        optimizer=keras.optimizers.Adam(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=binary_cross_entropy,
        jit_compile=False,
        steps_per_execution=16,
    )
    order = permutations(len(images), params.seed)

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)
        rows = order(steps.start * settings.batch, steps.stop * settings.batch).reshape(-1, settings.batch)

        def example(step: int) -> tuple[np.ndarray, np.ndarray]:
            batch = images[rows[step - steps.start]]
            batch = scaled(augment.shifted(batch, settings.shifted, seed=params.seed, step=step))
            return batch, batch

        return streamed(example, steps, kinds=("float32", "float32"))

    checkpoint = Checkpoint(
        f"autoencoder-{latent}",
        {"seed": params.seed, "threads": params.threads, "latent": latent, "autoencoder": params.autoencoder},
        inputs=[DATA],
    )
    history = fit(
        trained,
        epoch_data,
        epochs=settings.epochs,
        validate=lambda trained: {
            "loss": binary_cross_entropy(held_out, networks.apply(trained, held_out)).numpy().mean()
        },
        checkpoint=checkpoint,
    )
    artifacts.write_model(model_path, model)
    artifacts.write_csv(history_path, history)
    return checkpoint


if __name__ == "__main__":
    run(main)
