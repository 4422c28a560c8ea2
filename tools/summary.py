"""What `make repro` ends with: each task's headline and its baselines, and whether anything changed.

python -m tools.summary
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stages.core import artifacts, yaml_reader
from stages.core.command import run
from stages.params import Params
from tools.comparison import changed, committed, differences, first_different, hashes, numbers

# Task, what is measured, key of the result, name and key of each baseline.
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
SOURCES = ("params.yaml", "dvc.yaml", "stages", "requirements.txt")


def main(params: Params) -> None:
    """Print the headlines, where to look, and how the run compares with the committed one."""
    for task, measure, result, others in headlines():
        print(f"{task:<12} {measure:<29} {result:<8} baselines: {others}")
    print("\neverything in words and pictures: report/index.html, in any browser")
    print("all measures: dvc metrics show     all series: dvc plots show")
    print(comparison())
    if params.kernels == "native":
        print(
            "kernels: native: the bits are those of this kind of processor; kernels: portable gives the same everywhere"
        )


def headlines() -> Iterator[tuple[str, str, str, str]]:
    """For each task its name, what is measured, the result and its baselines, as text with four digits."""
    for task, measure, key, baselines in HEADLINES:
        metrics = artifacts.read_json(f"metrics/{task}.json")
        others = ", ".join(f"{name} {look_up(metrics, other):.4g}" for name, other in baselines.items())
        yield task, measure, f"{look_up(metrics, key):.4g}", others


def look_up(metrics: dict, key: str) -> float:
    """The number under a dotted key."""
    for part in key.split("."):
        metrics = metrics[part]
    return metrics


def comparison() -> str:
    """One or two sentences: do the results equal the committed ones, and if not, what is the first to differ?"""
    try:
        different = changed(*RESULTS)
        edited = changed(*SOURCES)
    except (OSError, subprocess.CalledProcessError):
        return "not a Git checkout: no committed results to compare with"
    equal = "every result equals the committed one, to the bit"
    if not different:
        return equal
    if different == ["dvc.lock"] and hashes(committed("dvc.lock")) == hashes(artifacts.read_text("dvc.lock")):
        return f"{equal}; dvc.lock, which also has the hashes of the code, is to be committed"
    where = "`dvc metrics diff` and `git diff --stat` show where"
    if edited:
        return f"results differ from the committed ones, as {', '.join(edited[:3])} may explain; {where}"
    return f"results differ from the committed ones, though params and code do not; {where}\n{unexplained()}"


def unexplained() -> str:
    """Which stage is the first that differs from its committed run, and how far the metrics are off."""
    try:
        old, new = hashes(committed("dvc.lock")), hashes(artifacts.read_text("dvc.lock"))
        metrics = {path.stem: (committed(path.as_posix()), path) for path in sorted(Path("metrics").glob("*.json"))}
    except subprocess.CalledProcessError:
        return "the last commit lacks some of them: nothing to compare with"
    stage = first_different(old, new, list(yaml_reader.read("dvc.yaml")["stages"]))
    found = [
        difference
        for task, (text, path) in metrics.items()
        for difference in differences(dict(numbers(json.loads(text))), dict(numbers(artifacts.read_json(path))), task)
    ]
    off = [difference.name for difference in found if difference.beyond]
    told = f"metrics that differ: {len(found)}, all within their tolerance"
    if off:
        told = f"metrics off by more than rounding explains: {len(off)}, {off[0]} first"
    return f"the first stage to differ: {stage or 'none, only files that DVC does not hash'}; {told} (see make verify)"


if __name__ == "__main__":
    run(main)
