"""Made-up results beside the committed curves: the words of the report must not depend on what one run measured."""

import shutil
from pathlib import Path
from typing import Any

from stages.core import artifacts
from stages.report import results
from tests.conftest import REPOSITORY

HOSTILE = 'Bad <script>alert(1)</script> | *film* `code` [link](http://x.example) & "quotes" <br />\n# no heading'


def metrics() -> dict[str, Any]:
    """What the evaluations measure, by task; hardly any two numbers are equal."""
    return {"autoencoder": _autoencoder(), "denoiser": _denoiser(), "textgen": _textgen(), "sentiment": _sentiment()}


def _autoencoder() -> dict[str, Any]:
    return {
        "latent": 32,
        "parameters": 50992,
        "digits": {"train": 4250, "validation": 251, "test": 502},
        **{"bce": 0.0948, "bce_floor": 0.0591, "mse": 0.0103, "psnr": 20.62, "ssim": 0.863, "probe_accuracy": 0.894},
        "mse_interval": [0.0098, 0.0108],
        "mean_digit_mse": 0.0672,
        "pca": {"mse": 0.0157, "psnr": 18.41, "ssim": 0.701, "probe_accuracy": 0.903},
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
        "baselines": {"unigram": 3.345, "bigram": 2.504, "ngram": 1.473, "bzip2": 1.629},
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
        **{"roc_auc": 0.978, "average_precision": 0.976, "calibration_error": 0.0162},
        "operating": {"tuned": {**point, "false_alarms_per_1000": 41, "misses_per_1000": 31}}
        | {
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


def table(name: str) -> list[dict[str, Any]]:
    """The rows of a committed series of plots/."""
    return artifacts.read_csv(REPOSITORY / f"plots/{name}.csv").to_dict("records")


def texts() -> dict[str, Any]:
    """The JSON files with text, by their names here."""
    return {
        "samples": [
            {
                "measures": {key: row[key] for key in ("temperature", "longest_copy")},
                "prompt": "HAMLET:\n",
                "copied": "[Exeunt]\n\nSCENE",
                "texts": ["To be,\n\n<b>or</b> not </pre>", "no"],
            }
            for row in table("textgen/temperature")
        ],
        "invented": [
            {"digits": "test digits", "kind": "faded", "strength": 0.3, "unit": "", "digit": 2}
            | {"confidence_before": 0.8, "read_as": 5, "confidence": 0.99}
        ],
    }


def small() -> dict[str, Any]:
    """Arguments of `write`: a German text and 40 reviews of products, few of either to test on."""
    numbers, review = metrics(), {"actual": "positive", "probability": 0.6, "text": "The kettle is quick."}
    numbers["textgen"] |= {"test": "Es war einmal", "context": "Es war ", "next": "ü"}
    numbers["textgen"]["characters"] = {"train": 24_000, "validation": 600, "test": 2400}
    numbers["sentiment"] |= {"reviews": {"train": 32, "validation": 4, "test": 4}, "examples": [review], "mistakes": []}
    sample = texts()["samples"][0] | {"prompt": "Es war", "copied": "einmal", "texts": ["ü"]}
    return {"numbers": numbers, "words": {"samples": [sample], "invented": []}}


def write(folder: Path, *, numbers: dict | None = None, series: dict | None = None, words: dict | None = None) -> None:
    """Write all that the report reads to a folder: made-up numbers and texts, committed series and pictures.

    Arguments replace some of them, by task, by name of the series, and by the names in `texts`.
    """
    shutil.copytree(REPOSITORY / "plots", folder / "plots", dirs_exist_ok=True)
    for path in (REPOSITORY / "benchmarks").glob("*.csv"):
        artifacts.write_bytes(folder / "benchmarks" / path.name, path.read_bytes())
    for task, content in (metrics() | (numbers or {})).items():
        artifacts.write_json(folder / f"data/{task}/evaluation.json", content)
    for name, rows in (series or {}).items():
        artifacts.write_csv(folder / f"plots/{name}.csv", rows)
    for name, content in (texts() | (words or {})).items():
        artifacts.write_json(folder / {"samples": results.SAMPLES, "invented": results.INVENTED}[name], content)
    for name in results.DATASETS:
        provenance = {"dataset": f"the {name} | of *somebody*", "source": "own", "licence": "<free>"}
        artifacts.write_json(folder / f"data/raw/{name}.json", provenance)
    shutil.copyfile(REPOSITORY / "params.yaml", folder / "params.yaml")
