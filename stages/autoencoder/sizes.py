"""train-sizes: one autoencoder for each code size in `autoencoder.compare_latents`, whatever `latent` is."""

from stages.autoencoder.train import SIZES, train
from stages.core.command import run
from stages.params import Params


def main(params: Params) -> None:
    latents = sorted(set(params.autoencoder.compare_latents))
    checkpoints = [
        train(params, latent, SIZES / f"latent-{latent}.keras", SIZES / f"latent-{latent}.csv") for latent in latents
    ]
    # Only now: DVC deletes the whole folder before the stage is run again.
    for checkpoint in checkpoints:
        checkpoint.remove()


if __name__ == "__main__":
    run(main)
