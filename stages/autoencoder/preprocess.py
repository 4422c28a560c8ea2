"""preprocess-autoencoder: all digits → those to train on, to validate on and to test on."""

from pathlib import Path

from stages.core import artifacts, digits
from stages.core.command import run
from stages.params import Params

# Files that more than one stage of this task uses.
DATA = "data/autoencoder/digits.npz"
MODEL = "models/autoencoder.keras"
SIZES = Path("models/sizes")


def main(params: Params) -> None:
    artifacts.write_npz(DATA, **digits.split(params))


if __name__ == "__main__":
    run(main)
