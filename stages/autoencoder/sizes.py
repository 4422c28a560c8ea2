"""train-sizes: one autoencoder for each code size in `autoencoder.compare_latents`, whatever `latent` is."""

from stages import run
from stages.autoencoder.train import SIZES, train
from stages.params import Params


def main(params: Params) -> None:
    for latent in sorted(set(params.autoencoder.compare_latents)):
        train(params, latent, SIZES / f"latent-{latent}.keras", SIZES / f"latent-{latent}.csv")


if __name__ == "__main__":
    run(main)
