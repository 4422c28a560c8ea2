"""train-sizes: an autoencoder for each code size in `autoencoder.compare_latents`; train-autoencoder: for `latent`."""

from pathlib import Path

from stages.autoencoder.preprocess import DATA, MODEL, SIZES
from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.digits import scaled
from stages.params import Params
from stages.training.checkpoint import Checkpoint

HISTORY = "plots/autoencoder/history.csv"


def main(params: Params, which: str = "latent") -> None:
    trained = SIZES / f"latent-{params.latent}.keras"
    if which == "sizes":
        sizes(params)
    elif trained.exists():
        # `train-sizes` has trained this very network; its seed does not depend on the other sizes.
        print(f"autoencoder: latent {params.latent} is among autoencoder.compare_latents, already trained")
        artifacts.write_bytes(MODEL, artifacts.read_bytes(trained))
        artifacts.write_bytes(HISTORY, artifacts.read_bytes(trained.with_suffix(".csv")))
    else:
        train(params, params.latent, MODEL, HISTORY).remove()


def sizes(params: Params) -> None:
    """Train all that are compared."""
    latents = sorted(set(params.autoencoder.compare_latents))
    checkpoints = [
        train(params, latent, SIZES / f"latent-{latent}.keras", SIZES / f"latent-{latent}.csv") for latent in latents
    ]
    # Only now: DVC deletes the whole folder before the stage is run again.
    for checkpoint in checkpoints:
        checkpoint.remove()


def train(params: Params, latent: int, model_path: str | Path, history_path: str | Path) -> Checkpoint:
    """Train one autoencoder, with a code of `latent` numbers, and write it with its history, a CSV row per epoch.

    The length is counted in optimizer steps, so that more data costs the same time.

    Returns:
        Its checkpoint, which the caller removes when all that the stage makes has been written.
    """
    # Here: seconds of imports that `main` saves when it only copies.
    from stages.autoencoder import model as network
    from stages.training import layers
    from stages.training.batches import digit_epochs
    from stages.training.fit import fit, prepare
    from stages.training.optimizers import adam, warmup_cosine

    settings = params.autoencoder.training
    data = artifacts.read_npz(DATA)
    held_out = scaled(data["validation"])
    prepare(params.seed)
    model = network.build(latent, params.autoencoder.hidden)
    logits = layers.before_sigmoid(model)
    logits.compile(
        optimizer=adam(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=layers.binary_cross_entropy,
        jit_compile=False,
        steps_per_execution=16,
    )
    common = {"seed": params.seed, "threads": params.threads}
    checkpoint = Checkpoint(
        f"autoencoder-{latent}", {**common, "latent": latent, "autoencoder": params.autoencoder}, inputs=[DATA]
    )
    history = fit(
        logits,
        digit_epochs(data["train"], settings, seed=params.seed),
        epochs=settings.epochs,
        validate=lambda trained: {
            "loss": layers.binary_cross_entropy(held_out, layers.apply(trained, held_out)).numpy().mean()
        },
        checkpoint=checkpoint,
    )
    model_files.write(model_path, model, {"seed": params.seed})
    artifacts.write_csv(history_path, history)
    return checkpoint


if __name__ == "__main__":
    run(main)
