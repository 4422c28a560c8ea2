"""What `make repro` ends with: each task's headline beside what it has to beat, and whether anything changed.

python -m tools.summary
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from stages.core import artifacts
from stages.core.command import run
from stages.params import Params

# Task, what is measured, key of the result, name and key of each figure beside it.
HEADLINES = (
    ("autoencoder", "mean squared error", "mse", {"PCA": "pca.mse"}),
    (
        "denoiser",
        "PSNR of the conv network, dB",
        "conv.psnr",
        {"noisy": "noisy.psnr", "median": "median.psnr", "classical": "classical.psnr", "dense": "dense.psnr"},
    ),
    (
        "textgen",
        "nats per character",
        "nats",
        {"n-gram": "baselines.ngram", "bzip2": "baselines.bzip2", "bigram": "baselines.bigram"},
    ),
    (
        "sentiment",
        "accuracy",
        "accuracy",
        {"TF-IDF": "baselines.tfidf.accuracy", "NB n-grams": "baselines.nb.accuracy"},
    ),
)
RESULTS = ("dvc.lock", "metrics", "plots", "report")


def main(params: Params) -> None:
    """Print the headlines, where to look, and how the run compares with the committed one."""
    for task, measure, result, others in headlines():
        print(f"{task:<12} {measure:<29} {result:<8} beside {others}")
    print("\neverything in words and pictures: report/index.html, in any browser")
    print("all measures: dvc metrics show     all series: dvc plots show")
    print(comparison())


def headlines() -> Iterator[tuple[str, str, str, str]]:
    """For each task its name, what is measured, the result, and the figures beside it, as text with four digits."""
    for task, measure, key, beside in HEADLINES:
        metrics = artifacts.read_json(f"metrics/{task}.json")
        others = ", ".join(f"{name} {look_up(metrics, other):.4g}" for name, other in beside.items())
        yield task, measure, f"{look_up(metrics, key):.4g}", others


def look_up(metrics: dict, key: str) -> float:
    """The number under a dotted key."""
    for part in key.split("."):
        metrics = metrics[part]
    return metrics


def comparison() -> str:
    """One sentence: do the results equal the committed ones?"""
    try:
        different = changed(*RESULTS)
    except (OSError, subprocess.CalledProcessError):
        return "not a Git checkout: no committed results to compare with"
    if not different:
        return "every result equals the committed one, to the bit"
    return (
        "results differ from the committed ones: `dvc metrics diff` and `git diff --stat` show where; "
        "with the committed params.yaml and code, another kind of processor may change the last bits"
    )


def changed(*paths: str, folder: str | Path = ".") -> list[str]:
    """Files under `paths` that are not as the last commit of the checkout in `folder` has them."""
    command = ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--", *paths]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return [entry[3:] for entry in told.split("\0") if entry]


if __name__ == "__main__":
    run(main)
