"""Autoencoder and denoisers compared with PCA and filters: python -m benchmarks.digits [--quick].

Quality is read from data/<task>/evaluation.json, an output of the pipeline; times are measured here.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from stages.autoencoder.baselines import PrincipalComponents
from stages.core import artifacts, model_files
from stages.core.digits import scaled
from stages.denoiser.baselines import METHODS, median
from stages.evaluation.methods import FILTERS
from stages.params import Params
from stages.training import layers

DATA = "data/denoiser/digits.npz"
# Squared error of a test digit of the whole MNIST, summed over its 784 pixels: Hinton & Salakhutdinov 2006, "Reducing
# the dimensionality of data with neural networks", Science 313(5786), p. 506, figure 2B.
PUBLISHED = {
    "published: 784-1000-500-250-30 and back, pretrained": 3.00,
    "published: logistic PCA, 30 components": 8.01,
    "published: PCA, 30 components": 13.87,
}
MODELS = {"dense": "models/denoiser-dense.keras", "conv": "models/denoiser-conv.keras"}


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table: quality on test digits, seconds to train or fit, milliseconds for a digit."""
    return [*autoencoder(params, quick), *denoiser(params, quick)]


def autoencoder(params: Params, quick: bool) -> list[dict[str, Any]]:
    """The autoencoder and the same number of principal components."""
    data = artifacts.read_npz("data/autoencoder/digits.npz")
    metrics = artifacts.read_json("data/autoencoder/evaluation.json")
    train, test = scaled(data["train"]), scaled(data["test"])
    started = time.perf_counter()
    pca = PrincipalComponents(train, metrics["latent"])
    fitted = time.perf_counter() - started
    model = model_files.read("models/autoencoder.keras")
    trained = train_seconds(params, quick, "autoencoder.train", "autoencoder.training", data)
    ours, theirs = (each_ms(f, test) for f in (lambda x: layers.apply(model, x), pca.reconstruct))
    name = f"PCA, {metrics['latent']} components"
    interval = metrics.get("mse_minus_pca_interval")
    quality = ("autoencoder", "mean squared error", metrics["mse"], name, metrics["pca"]["mse"])
    return [
        common.row(*quality, better="lower", interval=interval),
        *published(metrics),
        common.row("autoencoder", "training, s", trained, name, fitted, better="lower", note="ours includes start-up"),
        common.row("autoencoder", "encoding and decoding, ms per digit", ours, name, theirs, better="lower"),
    ]


def published(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """The autoencoder beside figures that others have published for the whole of MNIST."""
    error = ("autoencoder", "squared error of a digit", metrics["mse"] * 28 * 28)
    note = "Science 313, p. 506; a code of 30 numbers"
    return [common.row(*error, name, value, better="lower", note=note) for name, value in PUBLISHED.items()]


def denoiser(params: Params, quick: bool) -> list[dict[str, Any]]:
    """The conv denoiser, the dense one and the filters, as tuned by the pipeline."""
    data = artifacts.read_npz(DATA)
    metrics = artifacts.read_json("data/denoiser/evaluation.json")
    std = metrics["noise_std"]
    model = model_files.read(MODELS["conv"])
    noisy = data["test_noisy"]
    some = noisy[: 10 if quick else 100]  # non-local means takes 16 ms for each
    ours = each_ms(lambda x: layers.apply(model, x), noisy)
    peers: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray], Any]] = {
        "3×3 median": (metrics["median"]["psnr"], median, None)
    }
    for key, setting in metrics["filters"].items():
        options = {name: value for name, value in setting.items() if not name.startswith("psnr")}
        interval = metrics["conv_minus_classical"]["psnr_interval"] if key == "non_local_means" else None
        apply = lambda x, key=key, options=options: METHODS[key](x, std, **options)  # noqa: E731
        peers[FILTERS[key]] = (setting["psnr"], apply, interval)
    rows = []
    for name, (psnr, apply, interval) in peers.items():
        on_all = name == "3×3 median"  # the other filters take too long for all test digits
        conv = metrics["conv" if on_all else "conv_on_some"]["psnr"]
        note = "" if on_all else f"on {metrics['digits']['some']:,} test digits"
        quality = ("denoiser", "PSNR, dB", conv, name, psnr)
        rows.append(common.row(*quality, better="higher", interval=interval, note=note))
        rows.append(common.row("denoiser", "ms per digit", ours, name, each_ms(apply, some), better="lower"))
    trained = {
        name: train_seconds(params, quick, "denoiser.train", f"denoiser.{name}.training", data, name) for name in MODELS
    }
    quality = ("denoiser", "PSNR, dB", metrics["conv"]["psnr"], "our dense denoiser", metrics["dense"]["psnr"])
    interval = metrics["conv_minus_dense"]["psnr_interval"]
    note = "both include start-up; the filters need no training"
    return [
        *rows,
        common.row(*quality, better="higher", interval=interval),
        common.row(
            "denoiser",
            "training, s",
            trained["conv"],
            "our dense denoiser",
            trained["dense"],
            better="lower",
            note=note,
        ),
    ]


def train_seconds(
    params: Params, quick: bool, module: str, section: str, data: dict[str, np.ndarray], *arguments: str
) -> float:
    """Seconds of a train stage in a scratch folder, start of TensorFlow included."""
    task = module.split(".")[0]
    with common.scratch({f"{section}.steps": 20, f"{section}.epochs": 2} if quick else {}) as folder:
        artifacts.write_npz(Path(folder, "data", task, "digits.npz"), **data)
        return common.stage(folder, module, *arguments).seconds


def each_ms(apply: Callable[[np.ndarray], np.ndarray], images: np.ndarray, *, rounds: int = 5) -> float:
    """Milliseconds per image in one batch: the median of some rounds, after a first one to warm up."""
    apply(images)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        apply(images)
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds)) / len(images)


if __name__ == "__main__":
    common.part(measure, "digits")
