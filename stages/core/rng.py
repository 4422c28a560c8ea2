"""Random numbers by name: what one stream of them is used for, no other one sees."""

import hashlib

import numpy as np


def rng(seed: int, stream: str, *numbers: int) -> np.random.Generator:
    """The random numbers called `stream`, such as "denoiser/test noise"; `numbers` tell its parts apart, such as steps.

    The name is hashed. Lists of numbers would collide where nobody looks: numpy takes [7, 3] and [7, 3, 0] for the same
    seed, and two files may choose the same number for two things.
    """
    name = " ".join(map(str, (seed, *numbers, stream)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest(), "little"))
