"""A whole set of made-up results: the report must not depend on what one run measured."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from stages.core import artifacts
from stages.report import results
from tests.conftest import REPOSITORY

PICTURES = [f"autoencoder/{name}" for name in ("reconstructions", "sizes")]
PICTURES += [f"denoiser/{name}" for name in ("methods", "kinds", "invented")]
HOSTILE = 'Bad <script>alert(1)</script> | *film* `code` [link](http://x.example) & "quotes" <br />\n# no heading'


def metrics() -> dict[str, Any]:
    """Metrics as the evaluations write them; hardly any two numbers are equal."""
    return {"autoencoder": _autoencoder(), "denoiser": _denoiser(), "textgen": _textgen(), "sentiment": _sentiment()}


def _autoencoder() -> dict[str, Any]:
    return {
        "latent": 32,
        "parameters": 50992,
        "digits": {"train": 4250, "validation": 251, "test": 502},
        **{"bce": 0.0948, "bce_floor": 0.0591, "mse": 0.0103, "psnr": 20.62, "ssim": 0.863, "probe_accuracy": 0.894},
        "mse_interval": [0.0098, 0.0108],
        "mean_digit_mse": 0.0672,
        "pca": {"bce": 0.1184, "mse": 0.0157, "psnr": 18.41, "ssim": 0.701, "probe_accuracy": 0.903},
        "mse_minus_pca_interval": [-0.0057, -0.0051],
        "probe_minus_pca_interval": [-0.021, 0.011],
    }


def _denoiser() -> dict[str, Any]:
    names = ("noisy", "median", "classical", "autoencoder", "dense", "conv")
    quality = {
        name: {"psnr": 10.1 + i, "psnr_interval": [9.6 + i, 10.6 + i], "ssim": 0.41 + i / 20}
        for i, name in enumerate(names)
    }
    return {
        "noise_std": 0.5,
        "digits": {"train": 4251, "validation": 252, "test": 503, "some": 204},
        "parameters": {"dense": 837424, "conv": 1886265},
        "recognition": {"clean": 0.97, **{name: 0.31 + i / 10 for i, name in enumerate(names)}},
        **quality,
        "best_filter": {"name": "median_gaussian", "psnr": 12.7},
        "conv_minus_classical": {"psnr": 4.53, "psnr_interval": [4.42, 4.65]},
        "conv_minus_best_filter": {"psnr": 4.07, "psnr_interval": [3.95, 4.19]},
        "conv_minus_dense": {"psnr": 2.12, "psnr_interval": [2.02, 2.22]},
    }


def _textgen() -> dict[str, Any]:
    return {
        "parameters": 11_200_000,
        "vocabulary": 85,
        "sizes": {"units": [384], "dropout": 0.1, "steps": 2300, "passes": 0.5},
        "characters": {"train": 4_700_000, "validation": 120_000, "test": 160_000},
        **{"nats": 1.476, "nats_interval": [1.462, 1.491], "bits": 2.13, "perplexity": 4.376, "accuracy": 0.553},
        "branches": {
            name: {"nats": nats, "weight": 0.5, "nats_minus_whole_interval": [nats - 1.49, nats - 1.47]}
            for name, nats in (("lstm", 1.56), ("ngrams", 1.48))
        },
        **{"ngram_order": 8, "copied_run": 30, "known_words": 0.9, "known_words_of_test": 0.95},
        "baselines": {"unigram": 3.345, "bigram": 2.504, "ngram": 1.473, "bzip2": 1.629, "xz": 1.697},
        "nats_minus_ngram_interval": [-0.0016, 0.0082],
        "warning": "the test part does not look like the training text",
        **{"test": "KENT:\n\nI thought", "context": "I thought ", "next": "*"},
    }


def _sentiment() -> dict[str, Any]:
    point = {"threshold": 0.525, "precision": 0.921, "recall": 0.932}
    mistake = {"actual": "negative", "probability": 0.99, "text": HOSTILE}
    compared = {
        "accuracy": 0.9297,
        "accuracy_interval": [0.919, 0.941],
        "branches": {
            name: {"accuracy": accuracy, "weights": {"review": 0.8, "sentence": 0.5, "clause": 0.3}}
            for name, accuracy in {"lstm": 0.897, "ngrams": 0.928}.items()
        },
        "baselines": {"tfidf": {"accuracy": 0.912}, "nb": {"accuracy": 0.926}},
        "versus": {
            "tfidf": {"interval": [0.009, 0.027]},
            **{name: {"interval": [-0.004, 0.012]} for name in ("nb", "lstm", "ngrams")},
        },
    }
    return {
        **compared,
        "sources": {"sentences": {"reviews": {"train": 9000, "validation": 1001, "test": 1002}} | compared},
        "parameters": 1_800_000,
        "reviews": {"train": 19900, "validation": 2480, "test": 2490},
        "positive": 0.503,
        "tuned": {**point, "false_alarms_per_1000": 41, "misses_per_1000": 31},
        **{"roc_auc": 0.978, "average_precision": 0.976, "calibration_error": 0.0162},
        "operating": {
            name: {"threshold": at, "precision": 0.7 + at / 4, "recall": 0.999 - at / 5}
            | {"false_alarms_per_1000": 200 - 200 * at, "misses_per_1000": 100 * at}
            for name, at in {"recall_90": 0.615, "recall_95": 0.37, "recall_99": 0.05, "precision_95": 0.74}.items()
        },
        "behaviour": {
            "sentences": 96,
            "capabilities": [
                {"capability": "negation"}
                | {method: {"negative": 0.41, "positive": 0.72} for method in ("network", "nb")}
            ],
            "mean": {"network": 0.565, "nb": 0.565},
        },
        "examples": [mistake, mistake | {"actual": "positive", "probability": 0.6}],
        "mistakes": [mistake, mistake | {"actual": "positive", "probability": 0.02}],
    }


def tables() -> dict[str, list[dict[str, Any]]]:
    """Series as the stages write them, by their path in plots/ without the ending, or in benchmarks/."""
    losses = [{"epoch": epoch, "loss": 1 / epoch, "val_loss": 1.1 / epoch} for epoch in (1, 2, 3)]
    layers = [
        {"layer": "image", "kind": "Input", "output": "28 × 28", "values": 784, "parameters": 0},
        {"layer": "code", "kind": "Dense", "output": "32", "values": 32, "parameters": 25120},
    ]
    return {
        **{f"{task}/history": losses for task in ("autoencoder", "textgen", "sentiment")},
        **{f"denoiser/history-{name}": losses for name in ("dense", "conv")},
        **{f"{task}/layers": layers for task in ("autoencoder", "textgen", "sentiment")},
        "denoiser/layers": [{"group": name, **row} for name in ("dense", "conv") for row in layers],
        **_digit_tables(),
        **_textgen_tables(),
        **_sentiment_tables(),
    }


def _digit_tables() -> dict[str, list[dict[str, Any]]]:
    sizes = [(16, 0.021, 0.0258), (32, 0.0103, 0.0157), (64, 0.0039, 0.008)]
    both = [(latent, *pair) for latent, *errors in sizes for pair in zip(("autoencoder", "PCA"), errors, strict=True)]
    methods = ("noisy", "3×3 median", "non-local means", "conv denoiser")
    cases = [
        ("test digits", "clean", 0, 0.0, -0.01, 0.01),
        ("test digits", "noise", 0.5, 0.33, 0.29, 0.37),
        ("test digits", "blur", 1.5, 0.05, 0.02, 0.08),
        ("test digits", "faded", 0.3, -0.48, -0.52, -0.44),
        ("test digits", "scratches", 2, -0.01, -0.03, 0.01),
        ("other digits", "clean", 0, 0.1, 0.07, 0.14),
        ("other digits", "noise", 0.5, 0.3, 0.28, 0.36),
    ]
    return {
        "autoencoder/sizes": [{"latent": latent, "method": method, "mse": mse} for latent, method, mse in both],
        "autoencoder/classes": [
            {"latent": latent, "method": f"{method}, {latent}", "digit": digit, "mse": mse * (0.4 + digit / 9)}
            for latent, method, mse in both
            for digit in range(10)
        ],
        "denoiser/levels": [
            {"noise_std": std, "method": method, "psnr": 10.0 + i * std * 4}
            for std in (0.1, 0.5, 1.0)
            for i, method in enumerate(methods)
        ],
        "denoiser/recognition": [
            {
                **{"digits": digits, "kind": kind, "strength": strength, "unit": "", "count": 500},
                **{"situation": f"{kind} {strength:g}", "before": 0.6, "after": 0.6 + difference},
                **{"difference": difference, "low": low, "high": high, "corrected": 20, "broken": 7},
            }
            for digits, kind, strength, difference, low, high in cases
        ],
    }


def _textgen_tables() -> dict[str, list[dict[str, Any]]]:
    measures = [(0.2, 0.36, 0.37, 1.0, 40), (0.8, 1.12, 0.67, 0.95, 31), (1.4, 1.99, 0.87, 0.65, 21)]
    return {
        "textgen/orders": [
            {"order": order, "method": f"{name}, test", "nats": 3.0 / order}
            for name in ("Kneser-Ney", "text model")
            for order in (1, 2, 3)
        ],
        "textgen/temperature": [
            {
                **{"temperature": t, "entropy": entropy, "distinct_1": distinct, "distinct_2": 0.9, "distinct_3": 0.95},
                **{"known_words": known, "longest_copy": copy, "copied": 0.01},
            }
            for t, entropy, distinct, known, copy in measures
        ],
        "textgen/words": [
            {"temperature": row[0], "method": method, "share": share}
            for row in measures
            for method, share in (("known from training", row[3]), ("known, test text", 0.95))
        ],
        "benchmarks/learning_curve": [
            {"characters": 30_000 * n, "seed": seed, "nats": 2.1 - n / 9 + seed / 99, "lstm": 2.3 - n / 8}
            | {"ngram": 2.2 - n / 9, "bzip2": 2.4 - n / 9, "xz": 2.5 - n / 9, "longest_copy": 20 + n, "seconds": 9 * n}
            | {"gpt": "" if seed == 8 else 1.9}
            for n, seed in itertools.product((1, 3), (7, 8))
        ],
        "textgen/next": [
            {"temperature": t, "character": character, "probability": share}
            for t, (character, share) in itertools.product(
                (0.2, 0.5, 1, 1.5), (("e", 0.6), ("<", 0.3), ("all others", 0.1))
            )
        ],
    }


def _sentiment_tables() -> dict[str, list[dict[str, Any]]]:
    return {
        "sentiment/precision_recall": [
            {"recall": i / 100, "precision": 1 - i / 300, "method": name}
            for name, i in itertools.product(("network", "TF-IDF"), range(101))
        ],
        "sentiment/thresholds": [
            {"threshold": at, "value": at, "method": name} for name in ("precision", "recall") for at in (0.1, 0.9)
        ],
        "sentiment/calibration": [
            {"predicted": at, "observed": at, "reviews": 99, "method": name}
            for name, at in itertools.product(("network", "perfect"), (0.1, 0.9))
        ],
        "benchmarks/review_sizes": [
            {"reviews": reviews, "seed": seed, "network": 0.8 + seed / 99, "nb": 0.79, "tfidf": 0.77, "threshold": 0.5}
            | {"minus_better_baseline": 0.01, "low": -0.01, "high": 0.03 if seed == 7 else -0.001}
            for reviews, seed in itertools.product((500, 2_000), (7, 8))
        ],
        "sentiment/slices": [
            {"group": group, "slice": name, "reviews": 600}
            | {"accuracy": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
            for group, name, accuracy in (
                ("length", "1 to 99 words", 0.93),
                ("length", "100 to 900 words", 0.9),
                ("label", "positive reviews", 0.93),
                ("label", "negative reviews", 0.94),
            )
        ],
    }


def texts() -> dict[str, Any]:
    """The JSON files with text, by the names in `results.TEXTS`."""
    return {
        "samples": [
            {
                "measures": {key: row[key] for key in ("temperature", "longest_copy")},
                "prompt": "HAMLET:\n",
                "copied": "[Exeunt]\n\nSCENE",
                "texts": ["To be,\n\n<b>or</b> not </pre>", "no"],
            }
            for row in tables()["textgen/temperature"]
        ],
        "invented": [
            {"digits": "test digits", "kind": "faded", "strength": 0.3, "unit": "", "digit": 2}
            | {"confidence_before": 0.8, "read_as": 5, "confidence": 0.99}
        ],
    }


def write(folder: Path, *, numbers: dict | None = None, series: dict | None = None, words: dict | None = None) -> None:
    """Write all that the report reads to a folder; arguments replace the made-up values."""
    for task, content in (metrics() | (numbers or {})).items():
        artifacts.write_json(folder / f"metrics/{task}.json", content)
    for name, rows in (tables() | (series or {})).items():
        path = name if name.startswith("benchmarks/") else f"plots/{name}"
        artifacts.write_csv(folder / f"{path}.csv", rows)
    for name, content in (texts() | (words or {})).items():
        artifacts.write_json(folder / results.TEXTS[name], content)
    for name in results.DATASETS:
        provenance = {"dataset": f"the {name} | of *somebody*", "source": "own", "licence": "<free>"}
        artifacts.write_json(folder / f"data/raw/{name}.json", provenance)
    for path in (folder / f"plots/{name}.png" for name in PICTURES):
        path.parent.mkdir(parents=True, exist_ok=True)
        plt.imsave(path, np.eye(9))
    shutil.copyfile(REPOSITORY / "params.yaml", folder / "params.yaml")
