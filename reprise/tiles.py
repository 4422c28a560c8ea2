"""A picture of any size through a denoiser of 28 × 28 pixels: cut into tiles that overlap, blended again.

Needs nothing but numpy: `reprise export` puts a copy of this file beside an exported denoiser.
"""

from collections.abc import Callable

import numpy as np

SIDE = 28  # pixels of a tile
STEP = SIDE // 2  # from tile to tile: each pixel is seen by four, but at the edges
AT_ONCE = 500  # tiles
# Weight of a pixel in its tile, highest in the middle; these overlap to a constant (Hann's window, half a pixel in).
RAMP = np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE) ** 2
WINDOW = np.outer(RAMP, RAMP).astype(np.float32)


def denoise(run: Callable[[np.ndarray], np.ndarray], plane: np.ndarray) -> np.ndarray:
    """Denoise an image, light on dark, float32 in [0, 1], shape (height, width).

    One of 28 × 28 pixels goes through `run`, the network: (n, 28, 28) → the same, as it is. A larger one is cut into
    tiles of that size; where they overlap, their mean counts, weighted by `WINDOW`. A smaller one is put on black.
    """
    height, width = plane.shape
    plane = np.pad(plane, [(0, max(0, SIDE - height)), (0, max(0, SIDE - width))])
    total, weight = np.zeros_like(plane), np.zeros_like(plane)
    tops, lefts = map(_starts, plane.shape)
    places = [np.s_[top : top + SIDE, left : left + SIDE] for top in tops for left in lefts]
    for start in range(0, len(places), AT_ONCE):
        chosen = places[start : start + AT_ONCE]
        for place, tile in zip(chosen, run(np.stack([plane[place] for place in chosen])), strict=True):
            total[place] += tile * WINDOW
            weight[place] += WINDOW
    return (total / weight)[:height, :width]


def _starts(size: int) -> list[int]:
    """Where tiles begin along a side: every `STEP` pixels, the last one at the end."""
    return [*range(0, size - SIDE, STEP), size - SIDE]
