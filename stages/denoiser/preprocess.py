"""preprocess-denoiser: digits in three parts; validation and test digits get their noise here, once for all."""

import numpy as np

from stages.core import artifacts, digits
from stages.core.command import run
from stages.core.rng import rng
from stages.params import Params

# Files that more than one stage of this task uses.
DATA = "data/denoiser/digits.npz"
MODELS = {"dense": "models/denoiser-dense.keras", "conv": "models/denoiser-conv.keras"}


def main(params: Params) -> None:
    parts = digits.split(params)
    std = params.denoiser.noise_std
    noisy = {
        f"{part}_noisy": add_noise(digits.scaled(parts[part]), std, rng(params.seed, f"denoiser/{part} noise"))
        for part in ("validation", "test")
    }
    artifacts.write_npz(DATA, **parts, **noisy)


def add_noise(images: np.ndarray, std: float, generator: np.random.Generator) -> np.ndarray:
    """Images as a poor camera would give them: N(0, `std`) added to every pixel, then cut to [0, 1].

    The cut is what a camera does too. It makes the noise on black pixels positive: no filter that takes means can be
    right without putting that back (`baselines.unclipped`). Images are float32 of any shape, before and after.
    """
    noise = generator.standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(std) * noise, 0, 1)


if __name__ == "__main__":
    run(main)
