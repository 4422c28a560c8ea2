"""Measures that more than one task reports."""

from typing import Any

import numpy as np
from skimage.metrics import structural_similarity


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
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(clean.astype(np.float64), images.astype(np.float64), strict=True)
    return np.array([structural_similarity(one, other, **options) for one, other in pairs])


def interval(values: np.ndarray, *, seed: int, resamples: int = 2000) -> list[float]:
    """95 % percentile bootstrap interval of the mean of `values`, shape (n,).

    For two methods on the same rows pass the differences: the comparison is then paired. Method: Efron & Tibshirani
    1993, "An Introduction to the Bootstrap", section 13.3.

    Returns:
        [low, high].
    """
    generator = np.random.default_rng([seed, resamples])
    values = np.asarray(values, np.float64)
    means = [values[generator.integers(len(values), size=len(values))].mean() for _ in range(resamples)]
    return [float(bound) for bound in np.quantile(means, [0.025, 0.975])]


def layers(model: Any) -> list[dict[str, Any]]:
    """The layers of a Keras model that hold weights, in order, after its inputs: the plan of the network.

    Returns:
        Rows of `layer`, `kind`, `output` (its shape without the batch; "n" where it follows the input), `values` (how
        many numbers come out, counted once where the length is n) and `parameters`.
    """
    rows = []
    for layer in model.layers:
        kind, parameters = type(layer).__name__, layer.count_params()
        if kind == "InputLayer" or parameters:
            sizes = layer.output.shape[1:]
            rows.append(
                {
                    "layer": layer.name,
                    "kind": "Input" if kind == "InputLayer" else kind,
                    "output": " × ".join(str(size or "n") for size in sizes),
                    "values": int(np.prod([size for size in sizes if size], dtype=np.int64)),
                    "parameters": parameters,
                }
            )
    return rows
