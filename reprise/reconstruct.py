"""reprise reconstruct: encode a digit with the autoencoder and decode it again."""

import argparse
import io
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from reprise import REPOSITORY, files, notice, pictures
from stages.autoencoder import model as network
from stages.autoencoder.preprocess import DATA
from stages.autoencoder.train import MODEL, SIZES
from stages.core import artifacts, image_quality, model_files
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepared
from stages.evaluation import charts
from stages.params import PATH, setting


class Autoencoder:
    """A trained autoencoder.

    Args:
        path: of its file; those of the repository come from `dvc repro` or `dvc pull`.

    Raises:
        StageError: the file is missing or broken, or is of another model.
    """

    def __init__(self, path: Path = REPOSITORY / MODEL) -> None:
        self.model = model_files.read(path)
        if "code" not in {layer.name for layer in self.model.layers}:
            raise StageError(f"{path} is not an autoencoder of digits: its name is {self.model.name!r}")
        self.latent = network.latent_of(self.model)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Codes of digits: shape (n, 28, 28), light on dark, in [0, 1] → (n, latent)."""
        return network.encode(self.model, images)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Digits encoded and decoded again: shape (n, 28, 28), light on dark, in [0, 1], both ways."""
        return network.reconstruct(self.model, images)


def path_of(latent: int, folder: Path = REPOSITORY) -> Path:
    """The file of the autoencoder whose code has `latent` numbers.

    Args:
        latent: size of the code.
        folder: the repository.

    Raises:
        StageError: there is none.
    """
    default = setting("latent", folder / PATH)
    paths = {int(re.sub(r"\D", "", path.stem)): path for path in (folder / SIZES).glob("*.keras")}
    paths[default] = folder / MODEL
    if latent not in paths:
        raise StageError(
            f"no autoencoder has a code of {latent} numbers; there are {', '.join(map(str, sorted(paths)))}: "
            "autoencoder.compare_latents in params.yaml has the sizes that `dvc repro` trains"
        )
    return paths[latent]


def main(options: argparse.Namespace) -> None:
    """Reconstruct what the command line names."""
    if options.output != "-" and Path(options.output).suffix.lower() != ".png":
        raise StageError(f"{options.output} should end in .png")
    pictures.format_of(options.output)  # before any work that would be lost
    if options.test is not None:
        digits = artifacts.read_npz(REPOSITORY / DATA)["test"]
        if options.test >= len(digits):
            raise StageError(f"--test {options.test}: there are test digits 0 to {len(digits) - 1}")
        digit = scaled(digits[options.test])
    else:
        grey = pictures.read(options.input).grey
        if not options.invert and grey.mean() > 0.5:
            print(pictures.LIGHT, file=sys.stderr)
        digit = prepared(1 - grey if options.invert else grey)
    images, rows = {"digit": digit}, []
    models = [path_of(latent, REPOSITORY) for latent in options.latent or []]
    for path in models or [options.model or REPOSITORY / MODEL]:
        notice("loading an autoencoder ...")
        autoencoder = Autoencoder(path)
        copy = autoencoder.reconstruct(digit[None])
        mse, psnr = image_quality.mse(digit[None], copy)[0], image_quality.psnr(digit[None], copy)[0]
        images[f"{autoencoder.latent}"] = copy[0]
        rows.append(f"{autoencoder.latent:>6}  {mse:.5f}  {psnr:5.2f}")
    figure = charts.image_grid({"": np.stack(list(images.values()))}, title="", columns=list(images))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    files.write_bytes(options.output, buffer.getvalue())
    print("latent      MSE   PSNR", *rows, sep="\n", file=sys.stderr if options.output == "-" else sys.stdout)
