"""A whole set of made-up results: the report must not depend on what one run measured."""

import shutil
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from stages.core import artifacts
from stages.report import results
from tests.conftest import REPOSITORY
from tests.report.made_up_series import tables

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
        "bce": 0.0948,
        "bce_floor": 0.0591,
        "bce_excess": 0.0357,
        "mse": 0.0103,
        "psnr": 20.62,
        "ssim": 0.863,
        "mse_interval": [0.0098, 0.0108],
        "probe_accuracy": 0.894,
        "mean_digit_mse": 0.0672,
        "pca": {"bce": 0.1184, "mse": 0.0157, "psnr": 18.41, "ssim": 0.701, "probe_accuracy": 0.903},
        "mse_minus_pca_interval": [-0.0057, -0.0051],
        "probe_minus_pca_interval": [-0.021, 0.011],
    }


def _denoiser() -> dict[str, Any]:
    names = ("noisy", "median", "classical", "autoencoder", "dense", "conv")
    quality = {
        name: {"psnr": 10.1 + i, "psnr_interval": [9.6 + i, 10.6 + i], "ssim": 0.41 + i / 20, "mse": 0.11 - i / 60}
        for i, name in enumerate(names)
    }
    return {
        "noise_std": 0.5,
        "digits": {"train": 4251, "validation": 252, "test": 503, "some": 204},
        "parameters": {"dense": 837424, "conv": 1886265},
        "recognition": {"clean": 0.97, **{name: 0.31 + i / 10 for i, name in enumerate(names)}},
        **quality,
        "filters": {
            "non_local_means": {"psnr": 12.1, "patch": 5},
            "median_gaussian": {"psnr": 12.7, "sigma": 0.8},
        },
        "conv_minus_classical": {"psnr": 4.53, "psnr_interval": [4.42, 4.65]},
        "conv_minus_best_filter": {"psnr": 4.07, "psnr_interval": [3.95, 4.19]},
        "conv_minus_dense": {"psnr": 2.12, "psnr_interval": [2.02, 2.22]},
    }


def _textgen() -> dict[str, Any]:
    return {
        "nats": 1.476,
        "nats_interval": [1.462, 1.491],
        **{"bits": 2.13, "perplexity": 4.376, "accuracy": 0.553},
        "validation_nats": 1.509,
        "baselines": {"unigram": 3.345, "bigram": 2.504, "ngram": 1.473, "bzip2": 1.629, "xz": 1.697},
        "known_words": 0.9,
    }


def _text() -> dict[str, Any]:
    return {
        "parameters": 11_200_000,
        "vocabulary": 85,
        "sizes": {"units": [384], "dropout": 0.1, "steps": 2300, "passes": 0.5},
        "characters": {"train": 4_700_000, "validation": 120_000, "test": 160_000},
        "branches": {
            name: {"nats": nats, "weight": 0.5, "nats_minus_whole_interval": [nats - 1.49, nats - 1.47]}
            for name, nats in (("lstm", 1.56), ("ngrams", 1.48))
        },
        **{"ngram_order": 8, "copied_run": 30, "known_words_of_test": 0.95},
        "nats_minus_ngram_interval": [-0.0016, 0.0082],
        "warning": "the test part does not look like the training text",
        **{"test": "KENT:\n\nI thought", "context": "I thought ", "next": "*"},
    }


def _sentiment() -> dict[str, Any]:
    shares = {"precision": 0.921, "recall": 0.932}
    point = {"threshold": 0.525, **shares}
    return {
        "parameters": 1_800_000,
        "reviews": {"train": 19900, "validation": 2480, "test": 2490},
        "positive": 0.503,
        "accuracy": 0.9297,
        "precision": 0.917,
        "recall": 0.945,
        "f1": 0.931,
        "accuracy_interval": [0.919, 0.941],
        "tuned": {**point, "accuracy": 0.929, "f1": 0.93, "false_alarms_per_1000": 41, "misses_per_1000": 31},
        "roc_auc": 0.978,
        "average_precision": 0.976,
        "calibration_error": 0.0162,
        "sentences": {
            "count": 1990,
            "capabilities": {
                name: {"network": low, "sentence": 0.36, "lstm": low + 0.01, "ngrams": 0.33, "nb": 0.34, "tfidf": 0.35}
                for name, low in (("plain", 0.91), ("negated_praise", 0.31))
            },
            "mean": {"network": 0.605, "sentence": 0.51, "lstm": 0.303, "ngrams": 0.41, "nb": 0.32, "tfidf": 0.21},
            "calibration_error": {"network": 0.27},
            "thresholds": {
                "at_30": {"threshold": 0.3, "sentences": {"precision": 0.87, "recall": 0.81}, "reviews": shares}
            },
        },
        "branches": {
            name: {"accuracy": accuracy, "weight": 0.27, "sentence_weight": 0.61}
            | {"adds": {"difference": 0.002, "interval": [-0.001, 0.005]}}
            for name, accuracy in {"lstm": 0.897, "sentence": 0.721, "ngrams": 0.928}.items()
        },
        "baselines": {"tfidf": {"accuracy": 0.912}, "nb": {"accuracy": 0.926}},
        "versus": {
            "tfidf": {"difference": 0.018, "interval": [0.009, 0.027], "mcnemar_p": 5e-05},
            "nb": {"difference": 0.004, "interval": [-0.004, 0.012], "mcnemar_p": 0.37},
        },
        "operating": {
            name: {"threshold": at, "precision": 0.7 + at / 4, "recall": 0.999 - at / 5}
            | {"false_alarms_per_1000": 200 - 200 * at, "misses_per_1000": 100 * at}
            for name, at in {"recall_90": 0.615, "recall_95": 0.37, "recall_99": 0.05, "precision_95": 0.74}.items()
        },
    }


def texts() -> dict[str, Any]:
    """The JSON files with text, by the names in `results.TEXTS`."""
    mistake = {"actual": "negative", "probability": 0.99, "text": HOSTILE}
    return {
        "samples": [
            {
                "measures": {key: row[key] for key in ("temperature", "longest_copy")},
                "prompt": "HAMLET:\n",
                "copied": "[Exeunt]\n\nSCENE",
                "texts": ["To be,\n\n<b>or</b> not", "no"],
            }
            for row in tables()["textgen/temperature"]
        ],
        "text": _text(),
        "reviews": [mistake, mistake | {"actual": "positive", "probability": 0.6}],
        "mistakes": [mistake, mistake | {"actual": "positive", "probability": 0.02}],
        "sentences": {
            "worst": [
                {"capability": "plain", "expected": "positive", "text": HOSTILE, "like": ""}
                | {"probability": 0.12, "probability_like": 0.12},
                {"capability": "typing errors", "expected": "same", "text": HOSTILE, "like": HOSTILE}
                | {"probability": 0.61, "probability_like": 0.42},
            ]
        },
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
        artifacts.write_csv(folder / results.path_of(name), rows)
    for name, content in (texts() | (words or {})).items():
        artifacts.write_json(folder / results.TEXTS[name], content)
    for name in results.DATASETS:
        provenance = {"dataset": f"the {name} | of *somebody*", "licence": "<free>"}
        artifacts.write_json(folder / f"data/raw/{name}.json", provenance)
    for path in (folder / f"plots/{name}.png" for name in PICTURES):
        path.parent.mkdir(parents=True, exist_ok=True)
        plt.imsave(path, np.eye(9))
    shutil.copyfile(REPOSITORY / "params.yaml", folder / "params.yaml")
