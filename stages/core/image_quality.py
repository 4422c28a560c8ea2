"""How close images are to clean ones: mean squared error, PSNR and SSIM."""

import numpy as np


def mse(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Mean squared error of each image.

    Args:
        clean: shape (n, height, width), values in [0, 1].
        images: the same shape.

    Returns:
        Shape (n,).
    """
    return np.mean(np.square(clean.astype(np.float64) - images), axis=(1, 2))


def psnr(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each image in dB, for a peak of 1: 10 log10(1 / MSE). Shapes as in `mse`.

    The mean over a set is the mean of these, not the PSNR of the mean error. Equal images are capped at 100 dB.
    """
    return -10 * np.log10(np.maximum(mse(clean, images), 1e-10))


def ssim(clean: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Structural similarity of each image, 1 for equal ones. Shapes as in `mse`.

    Gaussian window of standard deviation 1.5, sample covariance off, as in Wang et al. 2004, "Image quality assessment:
    from error visibility to structural similarity", IEEE Trans. Image Processing 13(4), section III-B.
    """
    from skimage.metrics import structural_similarity  # here: training needs no SSIM

    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(clean.astype(np.float64), images.astype(np.float64), strict=True)
    return np.array([structural_similarity(one, other, **options) for one, other in pairs])
