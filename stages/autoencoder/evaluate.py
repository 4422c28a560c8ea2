"""evaluate-autoencoder: the autoencoder beside principal components, on unseen digits; sizes of the code compared."""

import re
from collections.abc import Callable

import numpy as np

from stages import artifacts, charts, measures, run
from stages.autoencoder import baselines
from stages.autoencoder import model as network
from stages.autoencoder.preprocess import OUTPUT as DATA
from stages.autoencoder.train import MODEL, SIZES
from stages.digits import scaled
from stages.params import Params

METRICS = "metrics/autoencoder.json"
RECONSTRUCTIONS = "plots/autoencoder/reconstructions.png"
SIZES_PICTURE = "plots/autoencoder/sizes.png"
SIZES_CURVE = "plots/autoencoder/sizes.csv"


def main(params: Params) -> None:
    data = artifacts.read_npz(DATA)
    train, validation, test = (scaled(data[part]) for part in ("train", "validation", "test"))
    labels = {part: data[f"{part}_labels"] for part in ("train", "test")}
    shown = first_of_each(labels["test"])

    model = artifacts.read_model(MODEL)
    latent = network.latent_of(model)
    pca = baselines.PrincipalComponents(train, latent)
    margin = baselines.best_margin(validation, pca.reconstruct(validation))
    pca_test = pca.reconstruct(test)
    model_test = network.reconstruct(model, test)
    difference = measures.mse(test, model_test) - measures.mse(test, pca_test)

    def probe(encode: Callable[[np.ndarray], np.ndarray]) -> float:
        return baselines.probe_accuracy(encode(train), labels["train"], encode(test), labels["test"])

    bce, floor = baselines.cross_entropy(test, model_test), baselines.cross_entropy_floor(test)
    metrics = {
        "latent": latent,
        "bce": bce,
        "bce_floor": floor,
        "bce_excess": bce - floor,
        **quality(test, model_test),
        "mse_interval": measures.interval(measures.mse(test, model_test), seed=params.seed),
        "probe_accuracy": probe(lambda images: network.encode(model, images)),
        "pca": {
            "bce": baselines.cross_entropy(test, np.clip(pca_test, margin, 1 - margin)),
            **quality(test, pca_test),
            "probe_accuracy": probe(pca.encode),
        },
        "mse_minus_pca_interval": measures.interval(difference, seed=params.seed),
    }
    artifacts.write_json(METRICS, metrics)
    rows = {
        "original": test[shown],
        f"autoencoder, {latent}": model_test[shown],
        f"PCA, {latent}": pca_test[shown],
    }
    title = f"Test digits, through {latent} numbers and back"
    artifacts.write_png(RECONSTRUCTIONS, charts.image_grid(rows, title=title))
    compare_sizes(train, test, shown)
    print(f"autoencoder: mean squared error {metrics['mse']:.4f}, PCA's {metrics['pca']['mse']:.4f}")


def compare_sizes(train: np.ndarray, test: np.ndarray, shown: np.ndarray) -> None:
    """The same digits, and the error, at each size of the code that `train-sizes` trained."""
    paths = {int(re.sub(r"\D", "", path.stem)): path for path in SIZES.glob("*.keras")}
    pictures, curve = {"original": test[shown]}, []
    for latent, path in sorted(paths.items()):
        reconstructions = {
            "autoencoder": network.reconstruct(artifacts.read_model(path), test),
            "PCA": baselines.PrincipalComponents(train, latent).reconstruct(test),
        }
        pictures[f"latent {latent}"] = reconstructions["autoencoder"][shown]
        for method, images in reconstructions.items():
            curve.append({"latent": latent, "method": method, **quality(test, images)})
    title = "The same test digits at each size of the code"
    artifacts.write_png(SIZES_PICTURE, charts.image_grid(pictures, title=title))
    artifacts.write_csv(SIZES_CURVE, curve)


def quality(clean: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Mean MSE, PSNR (dB) and SSIM of images, shape (n, 28, 28)."""
    return {
        "mse": measures.mse(clean, images).mean(),
        "psnr": measures.psnr(clean, images).mean(),
        "ssim": measures.ssim(clean, images).mean(),
    }


def first_of_each(labels: np.ndarray) -> np.ndarray:
    """Row number of the first digit of each class: pictures show every digit, chosen by no one."""
    return np.unique(labels, return_index=True)[1]


if __name__ == "__main__":
    run(main)
