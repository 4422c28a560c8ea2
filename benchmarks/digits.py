"""Autoencoder and denoisers compared with PCA and filters. Quality is the pipeline's; times are measured here."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks import common
from benchmarks.common import Row
from stages.autoencoder.baselines import PrincipalComponents
from stages.core import artifacts, model_files
from stages.core.digits import scaled
from stages.denoiser.baselines import METHODS, median
from stages.evaluation.charts import FILTERS
from stages.params import Params

# Squared error of a test digit of the whole MNIST, summed over its 784 pixels: Hinton & Salakhutdinov 2006, "Reducing
# the dimensionality of data with neural networks", Science 313(5786), p. 506, figure 2B.
PUBLISHED = {
    "published: 784-1000-500-250-30 and back, pretrained": 3.00,
    "published: logistic PCA, 30 components": 8.01,
    "published: PCA, 30 components": 13.87,
}


def measure(params: Params, quick: bool) -> Iterator[Row]:
    """Quality on test digits, milliseconds for a digit."""
    yield from autoencoder()
    yield from denoiser(quick)


def autoencoder() -> Iterator[Row]:
    """The autoencoder and the same number of principal components."""
    data, figures = artifacts.read_npz("data/autoencoder/digits.npz"), common.figures("autoencoder")
    train, test = scaled(data["train"]), scaled(data["test"])
    pca = PrincipalComponents(train, figures["latent"])
    task, name, interval = "autoencoder", f"PCA, {figures['latent']} components", figures["mse_minus_pca_interval"]
    yield Row(task, "mean squared error", figures["mse"], name, figures["pca"]["mse"], "lower", interval)
    note = "Science 313, p. 506; a code of 30 numbers"
    for published, value in PUBLISHED.items():
        yield Row(task, "squared error of a digit", figures["mse"] * 28 * 28, published, value, "lower", note=note)
    ours, theirs = milliseconds("autoencoder", test), milliseconds(pca.reconstruct, test)
    yield Row(task, "encoding and decoding, ms per digit", ours, name, theirs, "lower")


def denoiser(quick: bool) -> Iterator[Row]:
    """The conv denoiser, the dense one, a median, and the filters as tuned by the pipeline."""
    data, figures = artifacts.read_npz("data/denoiser/digits.npz"), common.figures("denoiser")
    noisy = data["test_noisy"]
    few = noisy[: 10 if quick else 100]  # the filters take too long for all test digits: non-local means 16 ms for each
    ours = milliseconds("denoiser-conv", noisy)
    conv, quality, speed = figures["conv"]["psnr"], "PSNR, dB", "ms per digit"
    yield Row("denoiser", quality, conv, "3×3 median", figures["median"]["psnr"], "higher")
    yield Row("denoiser", speed, ours, "3×3 median", milliseconds(median, few), "lower")
    conv_on_some, note = figures["conv_on_some"]["psnr"], f"on {figures['digits']['some']:,} test digits"
    for key, setting in figures["filters"].items():
        options = {name: value for name, value in setting.items() if not name.startswith("psnr")}
        interval = figures["conv_minus_classical"]["psnr_interval"] if key == "non_local_means" else None
        yield Row("denoiser", quality, conv_on_some, FILTERS[key], setting["psnr"], "higher", interval, note)
        apply = partial(METHODS[key], std=figures["noise_std"], **options)
        yield Row("denoiser", speed, ours, FILTERS[key], milliseconds(apply, few), "lower")
    name, interval = "our dense denoiser", figures["conv_minus_dense"]["psnr_interval"]
    yield Row("denoiser", quality, conv, name, figures["dense"]["psnr"], "higher", interval)


def milliseconds(apply: Callable[[np.ndarray], np.ndarray] | str, images: np.ndarray) -> float:
    """Per image in one batch, the median of some rounds, of a function or of the trained network with a name."""
    if isinstance(apply, str):
        apply = partial(model_files.read(f"models/{apply}.keras").predict, batch_size=500, verbose=0)
    return 1000 * float(np.median(common.timed(lambda: apply(images)))) / len(images)
