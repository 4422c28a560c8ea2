"""Handwritten digits as every task on digits gets them: the same parts, on the same scale."""

import numpy as np

from stages.core import artifacts
from stages.core.errors import StageError
from stages.core.split import PARTS, split_rows
from stages.params import Params

RAW = "data/raw/digits.npz"
SIDE = 28


def split(params: Params) -> dict[str, np.ndarray]:
    """All raw digits in three parts, the same for every task: none is trained on here that is tested on there.

    "train", "validation" and "test" are images, uint8, shape (n, 28, 28); with "_labels" behind the name, their labels,
    uint8, shape (n,); "names" those of the classes by label, where they have some. The source's own test half, where it
    has one, is the test part.
    """
    raw = artifacts.read_npz(RAW)
    shares = params.split.digits.model_dump()
    rows = split_rows(raw["labels"], raw["test"], limit=params.data.limit, seed=params.seed, **shares)
    for part in PARTS:
        if len(np.unique(raw["labels"][rows[part]])) < 2:
            raise StageError(f"{RAW} has too few digits ({len(raw['labels'])}): {part} needs two different ones")
    images = {part: raw["images"][rows[part]] for part in PARTS}
    labels = {f"{part}_labels": raw["labels"][rows[part]] for part in PARTS}
    print(f"digits: {', '.join(f'{len(images[part])} {part}' for part in PARTS)}")
    return images | labels | ({"names": raw["names"]} if "names" in raw else {})


def scaled(images: np.ndarray) -> np.ndarray:
    """Grey values 0..255, uint8, any shape, as float32 in [0, 1]: what the networks read and write."""
    return images / np.float32(255)
