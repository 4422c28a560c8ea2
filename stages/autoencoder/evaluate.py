"""evaluate-autoencoder: the autoencoder and principal components on test digits; sizes of the code compared."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from stages.autoencoder import baselines
from stages.autoencoder import model as network
from stages.autoencoder.preprocess import OUTPUT as DATA
from stages.autoencoder.train import MODEL, SIZES
from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import scaled
from stages.core.split import PARTS
from stages.evaluation import charts, measures
from stages.evaluation.classes import Classes, first_of_each
from stages.params import Params

METRICS = "metrics/autoencoder.json"
RECONSTRUCTIONS = "plots/autoencoder/reconstructions.png"
SIZES_PICTURE = "plots/autoencoder/sizes.png"
SIZES_CURVE = "plots/autoencoder/sizes.csv"
CLASSES_CURVE = "plots/autoencoder/classes.csv"
LAYERS = "plots/autoencoder/layers.csv"


# Threads of OpenBLAS wait for each other in a busy loop: for the small matrices here, one takes less time than two.
@threadpool_limits.wrap(limits=1, user_api="blas")
def main(params: Params) -> None:
    data = artifacts.read_npz(DATA)
    train, validation, test = (scaled(data[part]) for part in ("train", "validation", "test"))
    labels = {part: data[f"{part}_labels"] for part in ("train", "test")}
    classes = Classes(data)
    shown = first_of_each(labels["test"])

    model = model_files.read(MODEL)
    latent = network.latent_of(model)
    trained = sizes()
    components = baselines.PrincipalComponents(train, max(latent, *trained))
    pca = components.cut(latent)
    margin = baselines.best_margin(validation, pca.reconstruct(validation))
    pca_test = pca.reconstruct(test)
    model_test = network.reconstruct(model, test)
    difference = image_quality.mse(test, model_test) - image_quality.mse(test, pca_test)

    def probe(encode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return baselines.probe(encode(train), labels["train"], encode(test), labels["test"])

    read, pca_read = probe(lambda images: network.encode(model, images)), probe(pca.encode)

    metrics = {
        "latent": latent,
        "parameters": model.count_params(),
        "digits": {part: len(data[part]) for part in PARTS},
        **copying(test, model_test, seed=params.seed),
        "probe_accuracy": read.mean(),
        "mean_digit_mse": image_quality.mse(test, np.broadcast_to(train.mean(axis=0), test.shape)).mean(),
        "pca": {
            "bce": baselines.cross_entropy(test, np.clip(pca_test, margin, 1 - margin)),
            **quality(test, pca_test),
            "probe_accuracy": pca_read.mean(),
        },
        "mse_minus_pca_interval": measures.interval(difference, seed=params.seed),
        "probe_minus_pca_interval": measures.interval(read.astype(float) - pca_read, seed=params.seed),
    }
    artifacts.write_json(METRICS, metrics)
    rows = {
        "original": test[shown],
        f"autoencoder, {latent}": model_test[shown],
        f"PCA, {latent}": pca_test[shown],
    }
    title = f"Test digits, through {latent} numbers and back"
    columns = columns_of(classes, labels["test"][shown])
    artifacts.write_png(RECONSTRUCTIONS, charts.image_grid(rows, title=title, columns=columns))
    compare_sizes(trained, components, test, labels["test"], classes)
    artifacts.write_csv(LAYERS, measures.layers(model))
    print(f"autoencoder: mean squared error {metrics['mse']:.4f}, PCA's {metrics['pca']['mse']:.4f}")


def measure(path: str | Path, model: Any, images: np.ndarray) -> dict[str, Any]:
    """The measures that need only a model, with its file, and digits from anywhere, uint8, shape (n, 28, 28)."""
    seed = model_files.attachments(path, {"seed": int})["seed"]
    images = scaled(images)
    return {
        "digits": len(images),
        "latent": network.latent_of(model),
        **copying(images, network.reconstruct(model, images), seed=seed),
    }


def copying(clean: np.ndarray, images: np.ndarray, *, seed: int) -> dict[str, float | list[float]]:
    """How well images, shape (n, 28, 28), are copied: binary cross-entropy, its floor and the excess; `quality`."""
    bce, floor = baselines.cross_entropy(clean, images), baselines.cross_entropy_floor(clean)
    return {
        "bce": bce,
        "bce_floor": floor,
        "bce_excess": bce - floor,
        **quality(clean, images),
        "mse_interval": measures.interval(image_quality.mse(clean, images), seed=seed),
    }


def sizes() -> dict[int, Path]:
    """The models that `train-sizes` has trained, by the size of their code, which rises."""
    return dict(sorted((int(re.sub(r"\D", "", path.stem)), path) for path in SIZES.glob("*.keras")))


def compare_sizes(
    trained: dict[int, Path],
    components: baselines.PrincipalComponents,
    test: np.ndarray,
    labels: np.ndarray,
    classes: Classes,
) -> None:
    """The same digits, and the error, whole and by class, at each size of the code that `train-sizes` trained."""
    shown = first_of_each(labels)
    pictures, curve, errors = {"original": test[shown]}, [], []
    for latent, path in trained.items():
        reconstructions = {
            "autoencoder": network.reconstruct(model_files.read(path), test),
            "PCA": components.cut(latent).reconstruct(test),
        }
        pictures[f"latent {latent}"] = reconstructions["autoencoder"][shown]
        for method, images in reconstructions.items():
            curve.append({"latent": latent, "method": method, **quality(test, images)})
            for row in by_class(image_quality.mse(test, images), labels):
                named = row | {"digit": classes.name(row["digit"])}
                errors.append({"latent": latent, "method": f"{method}, {latent}", **named})
    title = "The same test digits at each size of the code"
    columns = columns_of(classes, labels[shown])
    artifacts.write_png(SIZES_PICTURE, charts.image_grid(pictures, title=title, columns=columns))
    artifacts.write_csv(SIZES_CURVE, curve)
    artifacts.write_csv(CLASSES_CURVE, errors)


def columns_of(classes: Classes, labels: np.ndarray) -> list[str]:
    """What stands above the pictures: nothing above digits, which say themselves which they are."""
    return [] if classes.are_digits else classes.captions(labels)


def by_class(errors: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """Mean error of the digits of each class: `digit`, `mse`. Both arguments have shape (n,)."""
    return [{"digit": digit, "mse": errors[labels == digit].mean()} for digit in np.unique(labels)]


def quality(clean: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Mean MSE, PSNR (dB) and SSIM of images, shape (n, 28, 28)."""
    return {
        "mse": image_quality.mse(clean, images).mean(),
        "psnr": image_quality.psnr(clean, images).mean(),
        "ssim": image_quality.ssim(clean, images).mean(),
    }


if __name__ == "__main__":
    run(main)
