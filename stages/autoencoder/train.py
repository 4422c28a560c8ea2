"""train-autoencoder: the autoencoder with a code of `latent` numbers."""

from pathlib import Path

from stages.autoencoder.preprocess import OUTPUT as DATA
from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.digits import scaled
from stages.params import Params
from stages.training.checkpoint import Checkpoint
from stages.training.digit_epochs import digit_epochs
from stages.training.fit import fit, prepare
from stages.training.optimizers import adam, warmup_cosine

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
        params: all of params.yaml; `seed` and the section `autoencoder` are used.
        latent: size of the code.
        model_path: where the .keras file goes.
        history_path: where the losses go, a CSV row per epoch.

    Returns:
        Its checkpoint, which the caller removes when all that the stage makes has been written.
    """
    # Here: seconds of imports that `main` saves when it only copies.
    from stages.autoencoder import model as network
    from stages.training import networks
    from stages.training.losses import binary_cross_entropy

    settings = params.autoencoder.training
    data = artifacts.read_npz(DATA)
    held_out = scaled(data["validation"])
    prepare(params.seed)
    model = network.build(latent, params.autoencoder.hidden)
    trained = networks.before_sigmoid(model)
    trained.compile(
        optimizer=adam(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=binary_cross_entropy,
        jit_compile=False,
        steps_per_execution=16,
    )
    common = {"seed": params.seed, "threads": params.threads, "kernels": params.kernels}
    checkpoint = Checkpoint(
        f"autoencoder-{latent}", {**common, "latent": latent, "autoencoder": params.autoencoder}, inputs=[DATA]
    )
    history = fit(
        trained,
        digit_epochs(data["train"], settings, seed=params.seed),
        epochs=settings.epochs,
        validate=lambda trained: {
            "loss": binary_cross_entropy(held_out, networks.apply(trained, held_out)).numpy().mean()
        },
        checkpoint=checkpoint,
    )
    model_files.write(model_path, model, {"seed": params.seed})
    artifacts.write_csv(history_path, history)
    return checkpoint


if __name__ == "__main__":
    run(main)
