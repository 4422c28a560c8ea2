"""How close images are to clean ones: mean squared error, PSNR and SSIM."""

from collections.abc import Callable

import numpy as np

SIGMA, RADIUS = 1.5, 5  # of the window of SSIM, pixels
C1, C2 = 0.01**2, 0.03**2  # its constants, for values in [0, 1]
BLOCK = 500  # images at a time


def mse(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared error of each image: shape (n, height, width) in [0, 1], both, → (n,)."""
    return _in_blocks(lambda one, other: np.mean((one - other) ** 2, axis=(1, 2)), clean, images)


def psnr(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each image in dB, for a peak of 1: 10 log10(1 / MSE). Shapes as in `mse`.

    The mean over a set is the mean of these, not the PSNR of the mean error. Equal images are capped at 100 dB.
    """
    return -10 * np.log10(np.maximum(mse(clean, images), 1e-10))


def ssim(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Structural similarity of each image, 1 for equal ones. Shapes as in `mse`.

    Gaussian window of standard deviation 1.5 and 11 pixels, sample covariance off, the border of 5 pixels left out, as
    in Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", IEEE Trans. Image
    Processing 13(4), section III-B. The same numbers as scikit-image's `structural_similarity`, many images at a time.
    """
    return _in_blocks(_ssim, clean, images)


def _ssim(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    rows, columns = (_window(size) for size in clean.shape[1:])

    def mean(values: np.ndarray) -> np.ndarray:
        return rows @ values @ columns.T

    one, other = mean(clean), mean(images)
    variances = mean(clean * clean) - one * one + (mean(images * images) - other * other)
    covariance = mean(clean * images) - one * other
    likeness = (2 * one * other + C1) * (2 * covariance + C2)
    return np.mean(likeness / ((one**2 + other**2 + C1) * (variances + C2)), axis=(1, 2))


def _window(size: int) -> np.ndarray:
    """What takes the windows' means along one axis of `size` pixels: shape (size - 2 × RADIUS, size)."""
    centres = np.arange(RADIUS, size - RADIUS)
    distances = centres[:, None] - np.arange(size)
    weights = np.exp(-0.5 * (distances / SIGMA) ** 2) * (np.abs(distances) <= RADIUS)
    return weights / weights.sum(axis=1, keepdims=True)


def _in_blocks(measure: Callable[..., np.ndarray], clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """A measure of each image, in float64, of `BLOCK` images at a time: of all at once it would take much memory."""
    pairs = [(clean[start : start + BLOCK], images[start : start + BLOCK]) for start in range(0, len(clean), BLOCK)]
    return np.concatenate([measure(one.astype(np.float64), other.astype(np.float64)) for one, other in pairs])


def means(clean: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Mean MSE, PSNR (dB) and SSIM of images, shape (n, 28, 28)."""
    return {measure.__name__: measure(clean, images).mean() for measure in (mse, psnr, ssim)}
