"""evaluate-autoencoder: the autoencoder and principal components on test digits; sizes of the code compared."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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


def main(params: Params) -> None:
    data = artifacts.read_npz(DATA)
    model = model_files.read(MODEL)
    latent = network.latent_of(model)
    paths = {int(re.sub(r"\D", "", path.stem)): path for path in SIZES.glob("*.keras")}
    components = baselines.PrincipalComponents(scaled(data["train"]), max(latent, *paths))
    test, labels = scaled(data["test"]), data["test_labels"]
    classes, shown = Classes(data), first_of_each(labels)

    def reconstructed(model: Any) -> dict[str, np.ndarray]:
        """The test digits through the code of a network and back, and through as many principal components."""
        pca = components.cut(network.latent_of(model))
        return {"autoencoder": network.reconstruct(model, test), "PCA": pca.reconstruct(test)}

    copies = reconstructed(model)
    evaluation = compare(model, components.cut(latent), data, copies, seed=params.seed)
    artifacts.write_json(EVALUATION, evaluation)
    headlines = {name: evaluation[name] for name in HEADLINES} | {"pca": {"mse": evaluation["pca"]["mse"]}}
    artifacts.write_json(METRICS, headlines | {"minus_baseline": evaluation["mse_minus_pca_interval"]})
    artifacts.write_csv("plots/autoencoder/layers.csv", measures.layers(model))

    curve, errors, at_sizes = [], [], {}
    for size in sorted(paths):
        of_size = copies if size == latent else reconstructed(model_files.read(paths[size]))
        at_sizes[f"latent {size}"] = of_size["autoencoder"][shown]
        for method, images in of_size.items():
            mse = image_quality.mse(test, images)
            curve.append({"latent": size, "method": method, "mse": mse.mean()})
            for label in np.unique(labels):
                row = {"digit": classes.name(label), "mse": mse[labels == label].mean()}
                errors.append({"latent": size, "method": f"{method}, {size}", **row})
    artifacts.write_csv("plots/autoencoder/sizes.csv", curve)
    artifacts.write_csv("plots/autoencoder/classes.csv", errors)
    columns = [] if classes.are_digits else classes.captions(labels[shown])  # digits say themselves which they are
    for name, title, rows in (
        (
            "reconstructions",
            f"Test digits, through {latent} numbers and back",
            {f"{method}, {latent}": images[shown] for method, images in copies.items()},
        ),
        ("sizes", "The same test digits at each size of the code", at_sizes),
    ):
        picture = charts.image_grid({"original": test[shown], **rows}, title=title, columns=columns)
        artifacts.write_png(f"plots/autoencoder/{name}.png", picture)
    print(f"autoencoder: mean squared error {evaluation['mse']:.4f}, PCA's {evaluation['pca']['mse']:.4f}")


def compare(
    model: Any,
    pca: baselines.PrincipalComponents,
    data: dict[str, np.ndarray],
    copies: dict[str, np.ndarray],
    *,
    seed: int,
) -> dict[str, Any]:
    """Measures of the autoencoder, with a code of as many numbers as `pca`, and of `pca`; `copies` are by both."""
    test = scaled(data["test"])
    difference = image_quality.mse(test, copies["autoencoder"]) - image_quality.mse(test, copies["PCA"])

    def probe(encode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        codes = encode(scaled(data["train"])), encode(test)
        return baselines.probe(codes[0], data["train_labels"], codes[1], data["test_labels"])

    read, pca_read = probe(lambda images: network.encode(model, images)), probe(pca.encode)
    mean = (data["train"].mean(axis=0) / 255).astype(np.float32)
    return {
        "latent": network.latent_of(model),
        "parameters": model.count_params(),
        "digits": {part: len(data[part]) for part in PARTS},
        **quality(test, copies["autoencoder"], seed=seed),
        "probe_accuracy": read.mean(),
        "mean_digit_mse": image_quality.mse(test, np.broadcast_to(mean, test.shape)).mean(),
        "pca": {**image_quality.means(test, copies["PCA"]), "probe_accuracy": pca_read.mean()},
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
