"""What a denoiser has to beat: filters that were never trained, their settings tuned on validation digits.

Images have shape (n, 28, 28), values in [0, 1]; `std` is that of the noise before it is cut to [0, 1]. BM3D, the
strongest of its kind, is left out: its licence forbids commercial use.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter
from scipy.stats import norm
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from stages.core import image_quality


def clipped_moments(values: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of pixels of true value `values` after noise N(0, `std`) and the cut to [0, 1].

    The moments of a normal variable censored at both ends: Greene 2012, "Econometric Analysis", 7th edition, theorem
    19.2, for two limits.
    """
    values = np.asarray(values, np.float64)
    low, high = -values / std, (1 - values) / std
    inside, above = norm.cdf(high) - norm.cdf(low), norm.sf(high)
    edge = norm.pdf(low) - norm.pdf(high)
    mean = values * inside + std * edge + above
    slope = low * norm.pdf(low) - high * norm.pdf(high)
    square = values**2 * inside + 2 * values * std * edge + std**2 * (inside + slope) + above
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def unclipped(images: np.ndarray, std: float) -> np.ndarray:
    """Undo, in images that are local means of noisy ones, what cutting the noise to [0, 1] has added to the means.

    With a standard deviation of 0.5, black pixels have a mean of 0.2 and white ones of 0.8: without this, every filter
    that takes means gives a grey haze.
    """
    values = np.linspace(0, 1, 1001)
    return np.interp(images, clipped_moments(values, std)[0], values).astype(np.float32)


def median(images: np.ndarray) -> np.ndarray:
    """Median of 3 × 3 pixels, nothing else."""
    return median_filter(images, size=(1, 3, 3))


def non_local_means(images: np.ndarray, std: float, *, patch: float, distance: float, strength: float) -> np.ndarray:
    """scikit-image's non-local means, given the noise's standard deviation; then `unclipped`.

    Source: Buades et al. 2011, "Non-Local Means Denoising", Image Processing On Line 1, sections 2 and 3 (patchwise
    weights that allow for the noise's own distance). Of `std`, the filter is given what the cut has left of it on black
    pixels, of which a digit mostly consists; `strength` is its parameter h in units of that.
    """
    sigma = float(clipped_moments(np.zeros(1), std)[1][0])
    options = {"patch_size": int(patch), "patch_distance": int(distance), "h": strength * sigma, "sigma": sigma}
    means = [denoise_nl_means(image.astype(np.float64), fast_mode=True, **options) for image in images]
    return unclipped(np.stack(means), std)


def gaussian(images: np.ndarray, std: float, *, sigma: float) -> np.ndarray:
    """Gaussian blur of `sigma` pixels, then `unclipped`."""
    return unclipped(gaussian_filter(images, (0, sigma, sigma)), std)


def total_variation(images: np.ndarray, std: float, *, weight: float) -> np.ndarray:
    """scikit-image's total-variation denoising, its weight in units of `std`, then `unclipped`.

    Source: Chambolle 2004, "An algorithm for total variation minimization and applications", J. Math. Imaging and
    Vision 20, section 4.
    """
    means = [denoise_tv_chambolle(image.astype(np.float64), weight=weight * std) for image in images]
    return unclipped(np.stack(means), std)


def median_gaussian(images: np.ndarray, std: float, *, sigma: float) -> np.ndarray:
    """`median`, then a Gaussian blur of `sigma` pixels, then `unclipped`."""
    return gaussian(median(images), std, sigma=sigma)


METHODS: dict[str, Callable[..., np.ndarray]] = {
    method.__name__: method for method in (non_local_means, gaussian, total_variation, median_gaussian)
}
# Every combination of a method's values is tried.
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "non_local_means": {"patch": (5, 7), "distance": (6,), "strength": (0.35, 0.5, 0.65)},
    "gaussian": {"sigma": (0.8, 0.9, 1.0, 1.1, 1.2)},
    "total_variation": {"weight": (0.4, 0.45, 0.5, 0.55, 0.6)},
    "median_gaussian": {"sigma": (0.5, 0.6, 0.7, 0.8, 0.9)},
}


def tune(name: str, clean: np.ndarray, noisy: np.ndarray, std: float) -> dict[str, Any]:
    """The setting of a method's grid that gives validation digits the highest mean PSNR."""
    names = GRIDS[name]
    settings = [dict(zip(names, values, strict=True)) for values in itertools.product(*names.values())]
    return max(settings, key=lambda setting: image_quality.psnr(clean, METHODS[name](noisy, std, **setting)).mean())
