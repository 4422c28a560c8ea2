"""reprise reconstruct, denoise and prepare-digits: pictures of digits through the autoencoder and the denoisers."""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from reprise import files, notice, pictures, repository, tiles
from stages.autoencoder import model as network
from stages.core import artifacts, image_quality, model_files
from stages.core.digits import SIDE, scaled
from stages.core.errors import StageError
from stages.datasets.prepare import prepare, prepared
from stages.denoiser.preprocess import add_noise
from stages.params import PATH, setting
from stages.training import layers

DATA = "data/autoencoder/digits.npz"
SIZES = "models/sizes/latent-{}.keras"
SCALE, CAPTION = 8, 24  # pixels of the picture of copies: of a digit's pixel, of the line above


class Autoencoder:
    """A trained autoencoder, from its file."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or repository("models/autoencoder.keras")
        self.model = files.read_model(path, ["autoencoder"], "an autoencoder of digits")
        self.latent = network.latent_of(self.model)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Codes of digits: shape (n, 28, 28), light on dark, in [0, 1] → (n, latent)."""
        return network.encode(self.model, images)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Digits encoded and decoded again: shape (n, 28, 28), light on dark, in [0, 1], both ways."""
        return network.reconstruct(self.model, images)


class Denoiser:
    """A trained denoiser, from its file."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or repository("models/denoiser-conv.keras")
        self.model = files.read_model(path, ["conv", "dense"], "a denoiser of digits")
        self.seed = model_files.attachments(path, {"seed": int})["seed"]

    def denoise(self, planes: np.ndarray) -> np.ndarray:
        """Denoise images of any size, one by one: shape (n, height, width), light on dark, float32 in [0, 1]."""
        return np.stack([tiles.denoise(lambda images: layers.apply(self.model, images), plane) for plane in planes])


def autoencoder_file(latent: int) -> Path:
    """The file of the pipeline's autoencoder whose code has `latent` numbers."""
    sizes = setting("autoencoder.compare_latents", repository(PATH))
    default = setting("latent", repository(PATH))
    if latent not in (default, *sizes):
        there = ", ".join(map(str, sorted({default, *sizes})))
        raise StageError(
            f"no autoencoder has a code of {latent} numbers; there are {there}: "
            "autoencoder.compare_latents in params.yaml has the sizes that `dvc repro` trains"
        )
    return repository("models/autoencoder.keras") if latent == default else repository(SIZES.format(latent))


def test_digits() -> np.ndarray:
    """The test digits, uint8, shape (n, 28, 28)."""
    return artifacts.read_npz(repository(DATA))["test"]


def reconstruct(options: argparse.Namespace) -> None:
    """A digit and its copies through autoencoders, side by side in a picture."""
    if options.output != files.STANDARD and Path(options.output).suffix.lower() != ".png":
        raise StageError(f"{options.output} should end in .png")
    pictures.format_of(options.output)  # before any work that would be lost
    if options.test is not None:
        digits = test_digits()
        if options.test >= len(digits):
            raise StageError(f"--test {options.test}: there are test digits 0 to {len(digits) - 1}")
        digit = scaled(digits[options.test])
    else:
        grey = pictures.grey(pictures.read(options.input))
        if not options.invert and grey.mean() > 0.5:
            print(pictures.LIGHT, file=sys.stderr)
        digit = prepared(1 - grey if options.invert else grey)
    images, rows = {"digit": digit}, ["latent      MSE   PSNR"]
    paths = [autoencoder_file(latent) for latent in options.latent or []] or [options.model]
    for path in paths:
        notice("loading an autoencoder ...")
        autoencoder = Autoencoder(path)
        copy = autoencoder.reconstruct(digit[None])
        mse, psnr = image_quality.mse(digit[None], copy)[0], image_quality.psnr(digit[None], copy)[0]
        images[str(autoencoder.latent)] = copy[0]
        rows.append(f"{autoencoder.latent:>6}  {mse:.5f}  {psnr:5.2f}")
    pictures.write(options.output, side_by_side(images)[None])
    print(*rows, sep="\n", file=_stream(options.output))


def side_by_side(images: dict[str, np.ndarray]) -> np.ndarray:
    """Digits in a row, each below its name: a grey picture, shape (height, width)."""
    width = SCALE * (SIDE + 1)
    page = Image.new("L", (width * len(images), CAPTION + SCALE * SIDE), 255)
    for place, (name, digit) in enumerate(images.items()):
        pixels = np.kron(np.rint(digit * 255), np.ones((SCALE, SCALE))).astype(np.uint8)
        page.paste(Image.fromarray(pixels), (place * width + SCALE // 2, CAPTION))
        ImageDraw.Draw(page).text((place * width + width // 2, CAPTION // 2), name, 0, anchor="mm")
    return np.asarray(page, np.float32) / 255


def denoise(options: argparse.Namespace) -> None:
    """A picture of any size without its noise."""
    pictures.format_of(options.output)  # before any work that would be lost
    notice("loading the denoiser ...")
    denoiser = Denoiser(options.model or repository(f"models/denoiser-{options.network or 'conv'}.keras"))
    noisy, clean = pictures.read(options.input), None
    if options.clean is not None:
        clean = pictures.read(options.clean)
        if clean.shape != noisy.shape:
            raise StageError(f"{options.clean} is {_described(clean)}, {options.input} is {_described(noisy)}")
    if options.invert:
        noisy = 1 - noisy
        clean = None if clean is None else 1 - clean
    elif noisy.mean() > 0.5:
        print(pictures.LIGHT, file=sys.stderr)
    if options.noise:
        seed = denoiser.seed if options.seed is None else options.seed
        clean = noisy if clean is None else clean
        noisy = add_noise(noisy, options.noise, np.random.default_rng(seed))
    notice(f"denoising {_described(noisy)} ...")
    restored = denoiser.denoise(noisy)
    pictures.write(options.output, 1 - restored if options.invert else restored)
    if clean is not None:
        before, after = (_psnr(clean, planes) for planes in (noisy, restored))
        print(f"PSNR {before:.2f} dB before, {after:.2f} dB after", file=_stream(options.output))


def prepare_digits(options: argparse.Namespace) -> None:
    """Pictures of any size as MNIST's files, for `data.digits`."""
    print(*prepare(Path(options.source), Path(options.target), invert=options.invert), sep="\n")
    print(f"to use it: data.digits={options.target}")


def _stream(output: str):
    """Where figures go: not into the picture, where that goes to standard output."""
    return sys.stderr if output == files.STANDARD else sys.stdout


def _psnr(clean: np.ndarray, planes: np.ndarray) -> float:
    """PSNR of all planes together, in dB."""
    return float(image_quality.psnr(*(array.reshape(1, -1, array.shape[-1]) for array in (clean, planes)))[0])


def _described(planes: np.ndarray) -> str:
    return f"{planes.shape[2]} × {planes.shape[1]} pixels, {'grey' if len(planes) == 1 else 'colour'}"
