"""reprise denoise: remove noise from a picture, tile by tile."""

import argparse
import sys
from pathlib import Path

import numpy as np

from reprise import REPOSITORY, notice, pictures
from stages.core import image_quality, model_files
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.denoiser.preprocess import add_noise
from stages.denoiser.train import MODELS
from stages.training import layers

STEP = SIDE // 2  # from tile to tile: each pixel is seen by four, but at the edges
TILES = 500  # at once
# Weight of a pixel in its tile, highest in the middle; these overlap to a constant (Hann's window, half a pixel in).
RAMP = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE) ** 2
WINDOW = np.outer(RAMP, RAMP).astype(np.float32)


class Denoiser:
    """A trained denoiser.

    Args:
        path: of its file; those of the repository, `MODELS`, come from `dvc repro` or `dvc pull`.

    Raises:
        StageError: the file is missing or broken, or is of another model.
    """

    def __init__(self, path: Path = REPOSITORY / MODELS["conv"]) -> None:
        self.model = model_files.read(path)
        if not self.model.input_shape == self.model.output_shape == (None, SIDE, SIDE):
            raise StageError(f"{path} is not a denoiser of digits: its name is {self.model.name!r}")
        self.seed = model_files.attachments(path, {"seed": int})["seed"]

    def denoise(self, planes: np.ndarray) -> np.ndarray:
        """Denoise images of any size, one by one.

        Input and output: shape (n, height, width), light on dark, float32 in [0, 1].

        An image of 28 × 28 pixels goes through the network as it is. A larger one is cut into tiles of that size that
        overlap by half; where tiles overlap, their mean counts, weighted towards each tile's middle. A smaller one is
        put on black.
        """
        return np.stack([self._denoise(plane) for plane in planes])

    def _denoise(self, plane: np.ndarray) -> np.ndarray:
        height, width = plane.shape
        plane = np.pad(plane, [(0, max(0, SIDE - height)), (0, max(0, SIDE - width))])
        total, weight = np.zeros_like(plane), np.zeros_like(plane)
        places = [(top, left) for top in _starts(plane.shape[0]) for left in _starts(plane.shape[1])]
        for start in range(0, len(places), TILES):
            some = places[start : start + TILES]
            tiles = np.stack([plane[top : top + SIDE, left : left + SIDE] for top, left in some])
            for (top, left), tile in zip(some, layers.apply(self.model, tiles), strict=True):
                total[top : top + SIDE, left : left + SIDE] += tile * WINDOW
                weight[top : top + SIDE, left : left + SIDE] += WINDOW
        return (total / weight)[:height, :width]


def _starts(size: int) -> list[int]:
    """Where tiles begin along a side: every `STEP` pixels, the last one at the end."""
    return [*range(0, size - SIDE, STEP), size - SIDE]


def main(options: argparse.Namespace) -> None:
    """Denoise what the command line names."""
    pictures.format_of(options.output)  # before any work that would be lost
    notice("loading the denoiser ...")
    denoiser = Denoiser(options.model or REPOSITORY / MODELS[options.network or "conv"])
    picture = pictures.read(options.input)
    noisy, clean = picture.planes, None
    if options.clean is not None:
        clean = pictures.read(options.clean).planes
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
    pictures.write(options.output, picture._replace(planes=1 - restored if options.invert else restored))
    if clean is not None:
        before, after = (_psnr(clean, planes) for planes in (noisy, restored))
        # Not into the picture, where that goes to standard output.
        stream = sys.stderr if options.output == "-" else sys.stdout
        print(f"PSNR {before:.2f} dB before, {after:.2f} dB after", file=stream)


def _psnr(clean: np.ndarray, planes: np.ndarray) -> float:
    """PSNR of all planes together, in dB."""
    return float(image_quality.psnr(*(array.reshape(1, -1, array.shape[-1]) for array in (clean, planes)))[0])


def _described(planes: np.ndarray) -> str:
    return f"{planes.shape[2]} × {planes.shape[1]} pixels, {'grey' if len(planes) == 1 else 'colour'}"
