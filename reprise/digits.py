"""reprise reconstruct, denoise and prepare-digits: pictures of digits through the autoencoder and the denoisers.

A picture is float32 in [0, 1], shape (1, height, width) for grey, (3, height, width) for colour, light on dark.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from reprise import notice, repository, tiles
from stages.autoencoder import model as network
from stages.core import artifacts, image_quality, model_files
from stages.core.digits import SIDE, scaled
from stages.core.errors import StageError
from stages.core.rng import rng
from stages.datasets.digit_files import picture
from stages.datasets.prepare import prepare, prepared
from stages.denoiser import model as denoisers
from stages.denoiser.preprocess import add_noise
from stages.training import layers

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP"}  # of a picture to be written, by suffix
DATA = "data/autoencoder/digits.npz"
LIGHT = "the picture is mostly light; the network was trained on light digits on a dark background: try --invert"
SCALE, CAPTION = 8, 24  # pixels of the picture of copies: of a digit's pixel, of the line above


class Autoencoder:
    """A trained autoencoder, from its file."""

    def __init__(self, path: Path | None = None) -> None:
        path = path or repository("models/autoencoder.keras")
        self.model, self.carried = model_files.load(path, network.Carried)
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
        self.model, self.carried = model_files.load(path, denoisers.Carried)

    def denoise(self, planes: np.ndarray) -> np.ndarray:
        """Denoise images of any size, one by one: shape (n, height, width), light on dark, float32 in [0, 1]."""
        return np.stack([tiles.denoise(lambda images: layers.apply(self.model, images), plane) for plane in planes])


def sizes() -> dict[int, Path]:
    """The files of the autoencoders that `autoencoder.compare_latents` in params.yaml asks for, by size of the code."""
    found = {int(path.stem.split("-")[1]): path for path in repository("models/sizes").glob("latent-*.keras")}
    return dict(sorted(found.items()))


def reconstruct(options: argparse.Namespace) -> None:
    """A digit and its copies through autoencoders, side by side in a picture."""
    check_format(options.output)  # before any work that would be lost
    if options.test is None:
        digit = prepared(grey(read(options.input, invert=options.invert)))
    else:
        digits = artifacts.read_npz(repository(DATA))["test"]
        if options.test >= len(digits):
            raise StageError(f"--test {options.test}: there are test digits 0 to {len(digits) - 1}")
        digit = scaled(digits[options.test])
    found = sizes()
    if missing := [latent for latent in options.latent or [] if latent not in found]:
        there = ", ".join(map(str, found)) or "none: `dvc repro` makes them"
        raise StageError(f"no autoencoder has a code of {missing[0]} numbers; there are {there}")
    images, rows = {"digit": digit}, ["latent      MSE   PSNR"]
    for path in [found[latent] for latent in options.latent or []] or [options.model]:
        notice("loading an autoencoder ...")
        autoencoder = Autoencoder(path)
        copy = autoencoder.reconstruct(digit[None])
        mse, psnr = image_quality.mse(digit[None], copy)[0], image_quality.psnr(digit[None], copy)[0]
        images[str(autoencoder.latent)] = copy[0]
        rows.append(f"{autoencoder.latent:>6}  {mse:.5f}  {psnr:5.2f}")
    write(options.output, side_by_side(images)[None])
    print(*rows, sep="\n")


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
    check_format(options.output)  # before any work that would be lost
    notice("loading the denoiser ...")
    denoiser = Denoiser(options.model)
    noisy = read(options.input, invert=options.invert)
    clean = read(options.clean, invert=options.invert) if options.clean else noisy if options.noise else None
    if clean is not None and clean.shape != noisy.shape:
        raise StageError(f"{options.clean} is not of the size or the colours of {options.input}")
    if options.noise:
        noisy = add_noise(noisy, options.noise, rng(denoiser.carried["seed"], "reprise/noise"))
    notice("denoising ...")
    restored = denoiser.denoise(noisy)
    write(options.output, 1 - restored if options.invert else restored)
    if clean is not None:
        flat = [planes.reshape(1, -1, planes.shape[-1]) for planes in (clean, noisy, restored)]  # as one image
        before, after = (image_quality.psnr(flat[0], image)[0] for image in flat[1:])
        print(f"PSNR {before:.2f} dB before, {after:.2f} dB after")


def prepare_digits(options: argparse.Namespace) -> None:
    """Pictures of any size as MNIST's files, for `data.digits`."""
    print(*prepare(options.source, options.target, invert=options.invert), sep="\n")
    print(f"to use it: data.digits={options.target}")


def read(path: str | Path, *, invert: bool = False) -> np.ndarray:
    """A picture. `invert`: it is dark on light."""
    image = picture(Path(path))
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "white" if invert else "black")
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    pixels = np.atleast_3d(np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")))
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255
    if planes.mean() > 0.5 and not invert:
        print(LIGHT, file=sys.stderr)
    return 1 - planes if invert else planes


def grey(planes: np.ndarray) -> np.ndarray:
    """The brightness of a picture, shape (height, width): the weights of ITU-R BT.601, as Pillow's."""
    weights = [1.0] if len(planes) == 1 else [0.299, 0.587, 0.114]
    return np.tensordot(np.float32(weights), planes, axes=1)


def check_format(path: str) -> None:
    """Refuse a file to be written whose suffix stands for no format."""
    if Path(path).suffix.lower() not in FORMATS:
        raise StageError(f"{path}: its suffix should name a format, one of {' '.join(FORMATS)}")


def write(path: str, planes: np.ndarray) -> None:
    """Write a picture with 8 bits a channel, in the format of the suffix."""
    pixels, buffer = np.rint(np.moveaxis(planes, 0, -1) * 255).astype(np.uint8), io.BytesIO()
    Image.fromarray(pixels[..., 0] if len(planes) == 1 else pixels).save(buffer, FORMATS[Path(path).suffix.lower()])
    artifacts.write_bytes(path, buffer.getvalue())
