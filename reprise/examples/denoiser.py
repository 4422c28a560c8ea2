"""Remove noise from a grey picture, light on dark: python example.py noisy.pgm clean.pgm"""

import re
import sys
from pathlib import Path

import numpy as np
from network import run

SIDE, STEP = 28, 14  # pixels of a tile, and from tile to tile
ramp = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE) ** 2
WINDOW = np.outer(ramp, ramp).astype(np.float32)  # weight of a pixel in its tile


def starts(size: int) -> list[int]:
    """Where tiles begin along a side."""
    return [*range(0, size - SIDE, STEP), size - SIDE]


def denoise(picture: np.ndarray) -> np.ndarray:
    """Tiles of 28 × 28 pixels through the network; where they overlap, their weighted mean counts."""
    height, width = picture.shape
    picture = np.pad(picture, [(0, max(0, SIDE - height)), (0, max(0, SIDE - width))])
    total, weight = np.zeros_like(picture), np.zeros_like(picture)
    for top in starts(picture.shape[0]):
        for left in starts(picture.shape[1]):
            place = np.s_[top : top + SIDE, left : left + SIDE]
            total[place] += run(picture[place][None])[0] * WINDOW
            weight[place] += WINDOW
    return (total / weight)[:height, :width]


source, target = sys.argv[1:]
content = Path(source).read_bytes()
header = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", content)  # PGM: the simplest format of grey pictures
if header is None:
    sys.exit(f"{source} is not a binary PGM of 8 bits without a comment")
pixels = np.frombuffer(content[header.end() :], np.uint8).reshape(int(header[2]), int(header[1]))
Path(target).write_bytes(header[0] + np.rint(denoise(pixels.astype(np.float32) / 255) * 255).astype(np.uint8).tobytes())
