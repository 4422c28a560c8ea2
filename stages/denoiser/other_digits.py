"""Handwritten digits of other people, pens and scanners than MNIST's, which no network here was trained on."""

import numpy as np
from scipy.ndimage import shift, zoom
from sklearn.datasets import load_digits

from stages.core.digits import SIDE

BOX = 20  # pixels that a digit of MNIST fills at most


def load() -> tuple[np.ndarray, np.ndarray]:
    """The test half of UCI's "Optical Recognition of Handwritten Digits", which lies in scikit-learn's own package.

    Its 8 × 8 pixels are brought to MNIST's form: 20 × 20 pixels, their centre of mass in the middle of 28 × 28.
    Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.

    Returns:
        Images, float32 in [0, 1], shape (1797, 28, 28), and labels, shape (1797,).
    """
    small = load_digits()
    grey = small.images / 16
    large = np.clip(zoom(grey, (1, BOX / 8, BOX / 8), order=1, grid_mode=True, mode="nearest"), 0, 1)
    margin = (SIDE - BOX) // 2
    return np.stack([_centred(np.pad(image, margin)) for image in large]).astype(np.float32), small.target


def _centred(image: np.ndarray) -> np.ndarray:
    """The same image, its centre of mass moved to the middle by whole pixels."""
    rows, columns = np.indices(image.shape)
    middle = (SIDE - 1) / 2
    by = [round(middle - (places * image).sum() / image.sum()) for places in (rows, columns)]
    return shift(image, by, order=0)
