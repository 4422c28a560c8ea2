"""preprocess-autoencoder: all digits → those to train on, to validate on and to test on."""

import numpy as np

from stages import artifacts, run
from stages.params import Params
from stages.split import PARTS, stratified

RAW = "data/raw/digits.npz"
OUTPUT = "data/autoencoder/digits.npz"


def main(params: Params) -> None:
    raw = artifacts.read_npz(RAW)
    shares = params.split.digits
    rows = stratified(
        raw["labels"],
        validation=shares.validation,
        test=shares.test,
        seed=params.seed,
        limit=params.data.limit,
    )
    arrays = {part: raw["images"][rows[part]] for part in PARTS}
    labels = {f"{part}_labels": raw["labels"][rows[part]] for part in PARTS}
    artifacts.write_npz(OUTPUT, **arrays, **labels)
    print(f"digits: {', '.join(f'{len(arrays[part])} {part}' for part in PARTS)} → {OUTPUT}")


def scaled(images: np.ndarray) -> np.ndarray:
    """Grey values 0..255, uint8, any shape, as float32 in [0, 1]: what the networks read and write."""
    return images.astype(np.float32) / 255


if __name__ == "__main__":
    run(main)
