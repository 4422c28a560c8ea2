"""evaluate-autoencoder: the autoencoder and principal components on test digits; sizes of the code compared."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from stages.autoencoder import baselines
from stages.autoencoder import model as network
from stages.autoencoder.preprocess import DATA, MODEL, SIZES
from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import scaled
from stages.core.split import PARTS
from stages.evaluation import charts, measures
from stages.evaluation.charts import Classes, first_of_each
from stages.params import Params

METRICS = "metrics/autoencoder.json"
EVALUATION = "data/autoencoder/evaluation.json"  # all that is measured; `HEADLINES` of it are the metrics
HEADLINES = ("latent", "bce", "mse", "psnr", "ssim", "probe_accuracy")


# Threads of OpenBLAS wait for each other in a busy loop: for the small matrices here, one takes less time than two.
@threadpool_limits.wrap(limits=1, user_api="blas")
def main(params: Params) -> None:
    data = artifacts.read_npz(DATA)
    model = model_files.read(MODEL)
    latent = network.latent_of(model)
    paths = {int(re.sub(r"\D", "", path.stem)): path for path in SIZES.glob("*.keras")}
    components = baselines.PrincipalComponents(scaled(data["train"]), max(latent, *paths))
    pca = components.cut(latent)

    evaluation = compare(model, pca, data, seed=params.seed)
    artifacts.write_json(EVALUATION, evaluation)
    headlines = {name: evaluation[name] for name in HEADLINES} | {"pca": {"mse": evaluation["pca"]["mse"]}}
    artifacts.write_json(METRICS, headlines | {"minus_baseline": evaluation["mse_minus_pca_interval"]})
    artifacts.write_csv("plots/autoencoder/layers.csv", measures.layers(model))

    test, labels = scaled(data["test"]), data["test_labels"]
    classes, shown = Classes(data), first_of_each(labels)
    columns = [] if classes.are_digits else classes.captions(labels[shown])  # digits say themselves which they are
    copies = {f"autoencoder, {latent}": network.reconstruct(model, test), f"PCA, {latent}": pca.reconstruct(test)}
    curve, errors, at_sizes = [], [], {}
    for size in sorted(paths):
        of_size = {
            "autoencoder": network.reconstruct(model_files.read(paths[size]), test),
            "PCA": components.cut(size).reconstruct(test),
        }
        at_sizes[f"latent {size}"] = of_size["autoencoder"]
        for method, images in of_size.items():
            curve.append({"latent": size, "method": method, **image_quality.means(test, images)})
            mse = image_quality.mse(test, images)
            for label in np.unique(labels):
                row = {"digit": classes.name(label), "mse": mse[labels == label].mean()}
                errors.append({"latent": size, "method": f"{method}, {size}", **row})
    artifacts.write_csv("plots/autoencoder/sizes.csv", curve)
    artifacts.write_csv("plots/autoencoder/classes.csv", errors)
    for path, title, pictures in (
        ("plots/autoencoder/reconstructions.png", f"Test digits, through {latent} numbers and back", copies),
        ("plots/autoencoder/sizes.png", "The same test digits at each size of the code", at_sizes),
    ):
        rows = {name: images[shown] for name, images in {"original": test, **pictures}.items()}
        artifacts.write_png(path, charts.image_grid(rows, title=title, columns=columns))
    print(f"autoencoder: mean squared error {evaluation['mse']:.4f}, PCA's {evaluation['pca']['mse']:.4f}")


def compare(
    model: Any, pca: baselines.PrincipalComponents, data: dict[str, np.ndarray], *, seed: int
) -> dict[str, Any]:
    """Measures of the autoencoder, with a code of as many numbers as `pca`, and of `pca` on the digits of `DATA`."""
    train, validation, test = (scaled(data[part]) for part in PARTS)
    copies, pca_copies = network.reconstruct(model, test), pca.reconstruct(test)
    margin = baselines.best_margin(validation, pca.reconstruct(validation))
    difference = image_quality.mse(test, copies) - image_quality.mse(test, pca_copies)

    def probe(encode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return baselines.probe(encode(train), data["train_labels"], encode(test), data["test_labels"])

    read, pca_read = probe(lambda images: network.encode(model, images)), probe(pca.encode)
    return {
        "latent": network.latent_of(model),
        "parameters": model.count_params(),
        "digits": {part: len(data[part]) for part in PARTS},
        **quality(test, copies, seed=seed),
        "probe_accuracy": read.mean(),
        "mean_digit_mse": image_quality.mse(test, np.broadcast_to(train.mean(axis=0), test.shape)).mean(),
        "pca": {
            "bce": baselines.cross_entropy(test, np.clip(pca_copies, margin, 1 - margin)),
            **image_quality.means(test, pca_copies),
            "probe_accuracy": pca_read.mean(),
        },
        "mse_minus_pca_interval": measures.interval(difference, seed=seed),
        "probe_minus_pca_interval": measures.interval(read.astype(float) - pca_read, seed=seed),
    }


def quality(clean: np.ndarray, images: np.ndarray, *, seed: int) -> dict[str, Any]:
    """How well images, shape (n, 28, 28), are copied: cross-entropy, its floor and the excess; MSE, PSNR and SSIM."""
    # Grey pixels have entropy of their own, so the cross-entropy of a perfect copy is not 0.
    bce, floor = baselines.cross_entropy(clean, images), baselines.cross_entropy(clean, clean)
    return {
        **{"bce": bce, "bce_floor": floor, "bce_excess": bce - floor},
        **image_quality.means(clean, images),
        "mse_interval": measures.interval(image_quality.mse(clean, images), seed=seed),
    }


def measure(model: Any, carried: Mapping[str, Any], images: np.ndarray) -> dict[str, Any]:
    """The measures that need only a model, with what its file carries, and uint8 digits, shape (n, 28, 28)."""
    clean = scaled(images)
    copies = network.reconstruct(model, clean)
    return {"digits": len(clean), "latent": network.latent_of(model), **quality(clean, copies, seed=carried["seed"])}


if __name__ == "__main__":
    run(main)
