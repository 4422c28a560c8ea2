"""preprocess-autoencoder: all digits → those to train on, to validate on and to test on."""

from stages.core import artifacts, digits
from stages.core.command import run
from stages.params import Params

OUTPUT = "data/autoencoder/digits.npz"


def main(params: Params) -> None:
    artifacts.write_npz(OUTPUT, **digits.split(params))


if __name__ == "__main__":
    run(main)
