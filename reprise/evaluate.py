"""reprise evaluate: a trained model on other data; its measures as one JSON object, and no file is written."""

import argparse
import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from reprise import repository
from reprise.digits import Autoencoder, Denoiser
from reprise.reviews import Classifier
from reprise.text import Writer
from stages.core import artifacts
from stages.core.errors import StageError
from stages.core.split import every

MODELS = {
    "autoencoder": ("digits", "autoencoder", Autoencoder),
    "denoiser": ("digits", "denoiser-conv", Denoiser),
    "textgen": ("text", "textgen", Writer),
    "sentiment": ("reviews", "sentiment", Classifier),
}


def main(options: argparse.Namespace) -> None:
    """Evaluate; only the JSON goes to standard output, whatever pip, Keras or a loader print."""
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            result = artifacts.json_text(evaluate(options))
    finally:
        os.dup2(output, 1)
    print(result, end="")


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """What `metrics/` has of a task, as far as it needs only a model and data; where model and data come from."""
    if options.noise_std and options.task != "denoiser":
        raise StageError("--noise-std is for the denoiser")
    if options.model and options.model.suffix != ".keras":
        raise StageError(f"--model: {options.model} is not a .keras file")  # the older .h5 may hold code
    dataset, name, load = MODELS[options.task]
    path = options.model or repository(f"models/{name}.keras")
    model = load(path)
    source = importlib.import_module(f"stages.datasets.{dataset}")
    data = source.load(Path(options.data))
    part = "test part" if np.any(getattr(data, "test", False)) else "all"
    result = {
        "model": str(path),
        "data": options.data.encode(errors="backslashreplace").decode(),
        "part": part,
        "provenance": data.provenance,
    }
    if part == "all" and _trained_on(source, data):
        result["warning"] = "not held out: the models of this repository were trained on most of this data"
        print(f"warning: {result['warning']}", file=sys.stderr)
    return result | measure(options, model, data)


def measure(options: argparse.Namespace, model: Any, data: Any) -> dict[str, Any]:
    """The measures of a model, as `MODELS` has it, on the chosen part of the data."""
    if options.task == "textgen":
        from stages.textgen import evaluate as task

        return task.measure(model.model, data.documents, limit=options.limit)
    chosen = rows(np.asarray(data.test), options.limit)
    if options.task == "sentiment":
        from stages.sentiment import evaluate as task

        ids = [model.encoder.ids(data.texts[row]) for row in chosen]
        return task.measure(np.asarray(data.labels)[chosen], model.probability(ids), np.concatenate(ids))
    task = importlib.import_module(f"stages.{options.task}.evaluate")
    further = {"noise_std": options.noise_std} if options.task == "denoiser" else {}
    return task.measure(model.model, model.carried, data.images[chosen], **further)


def rows(test: np.ndarray, limit: int | None) -> np.ndarray:
    """Numbers of at most `limit` rows, evenly spread: of the source's own test part, or of all where it has none."""
    chosen = np.flatnonzero(test) if np.any(test) else np.arange(len(test))
    return chosen[every(len(chosen), limit or len(chosen))]


def _trained_on(source: Any, data: Any) -> bool:
    """Is this the data that the pipeline's models were trained on? Decided by its hashes, not by its path."""
    path = repository(source.PROVENANCE)
    if not path.exists():
        return False
    raw, given = artifacts.read_json(path), artifacts.rounded(data.provenance)
    return raw | {"source": ""} == given | {"source": ""}
