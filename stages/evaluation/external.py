"""A trained model on data it never saw: `python -m stages.<task>.evaluate --data PATH [--model FILE]`.

The measures go to standard output as one JSON object, everything else to standard error; no file is written.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import artifacts
from stages.core.errors import StageError
from stages.core.split import every
from stages.params import Params, load

DATASETS = {"autoencoder": "digits", "denoiser": "digits", "textgen": "text", "sentiment": "reviews"}
SOURCES = {
    "digits": "a folder with MNIST's IDX files",
    "text": "a UTF-8 text file",
    "reviews": "a folder laid out as aclImdb, or aclImdb_v1.tar.gz",
}
LIMITED = {"digits": "rows, evenly spread", "text": "characters, from the beginning", "reviews": "rows, evenly spread"}


def options(name: str, task: str) -> argparse.Namespace | None:
    """The command line of an evaluation, or None when it is the pipeline's own: without arguments, or imported.

    Called before an evaluation imports TensorFlow: `--help` and a mistake in an option need not wait for it.

    Args:
        name: `__name__` of the evaluation.
        task: in `DATASETS`.
    """
    if name != "__main__" or not sys.argv[1:]:
        return None
    dataset = DATASETS[task]
    parser = argparse.ArgumentParser(
        prog=f"python -m stages.{task}.evaluate",
        description="Evaluate a trained model on data it never saw: JSON to standard output, no file is written. "
        "Without any option: evaluate the pipeline's model on the pipeline's data, as `dvc repro` does.",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        required=True,
        help=f"anything that data.{dataset} in params.yaml can be, such as {SOURCES[dataset]}; "
        "where it has a test half of its own, that half is measured, else all of it",
    )
    parser.add_argument("--model", metavar="FILE", help="a trained model (default: the pipeline's)")
    parser.add_argument("--limit", metavar="N", type=count, help=f"measure only N {LIMITED[dataset]}")
    if task == "denoiser":
        parser.add_argument(
            "--noise-std", metavar="STD", type=noise, help="standard deviation of the noise (default: params.yaml's)"
        )
    if task in ("textgen", "sentiment"):
        parser.add_argument(
            "--vocabulary",
            metavar="FOLDER",
            default=f"data/{task}",
            type=Path,
            help="what preprocess made of the data that the model was trained on (default: %(default)s)",
        )
    return parser.parse_args()


def run(
    measure: Callable[[Params, argparse.Namespace, Any, Any], dict[str, Any]],
    options: argparse.Namespace,
    *,
    dataset: str,
    model: str,
) -> None:
    """Evaluate as the command line says, and print the result.

    Args:
        measure: (params.yaml, command line, Keras model, dataset as its `load` gives it) → measures.
        options: the command line.
        dataset: in `SOURCES`.
        model: path of the pipeline's model.

    Exits with status 1 and one line on standard error where `measure` or what it reads raises a StageError.
    """
    output = os.dup(1)
    os.dup2(2, 1)  # what pip, Keras or a loader print must not get into the JSON
    path = options.model or model
    try:
        params = load()
        if options.model and not (options.model.endswith(".keras") and Path(options.model).is_file()):
            raise StageError(f"--model: {options.model} is not a .keras file")  # the older .h5 may hold code
        network = artifacts.read_model(path)
        # By name: no stage of the pipeline reads a source here, so editing one must not re-run the evaluations.
        source = importlib.import_module(f"stages.datasets.{dataset}")
        data = source.load(Path(options.data))
        part = "test half" if np.any(getattr(data, "test", False)) else "all"
        result = {"model": path, "data": options.data, "part": part, "provenance": data.provenance}
        if part == "all" and _trained_on(source, data):
            result["warning"] = "not unseen: the models of this repository were trained on most of this data"
            print(f"warning: {result['warning']}", file=sys.stderr)
        result |= measure(params, options, network, data)
    except StageError as error:
        sys.exit(f"error: {error}")
    with open(output, "w", encoding="utf-8") as file:
        file.write(artifacts.json_text(result))


def rows(test: np.ndarray, limit: int | None) -> np.ndarray:
    """Numbers of the rows to measure: those of the source's own test half, or all where it has none.

    Args:
        test: of each row: is it in the test half? Shape (n,).
        limit: at most so many, spread evenly; None for all.
    """
    chosen = np.flatnonzero(test) if np.any(test) else np.arange(len(test))
    return chosen[every(len(chosen), limit or len(chosen))]


def need(model: Any, fits: bool, what: str) -> None:
    """Refuse a model that is not of the task.

    Args:
        model: Keras model.
        fits: is it what it should be?
        what: it should be.

    Raises:
        StageError: it does not fit.
    """
    if not fits:
        raise StageError(f"--model: {model.name!r}, {model.input_shape} → {model.output_shape}, is not {what}")


def _trained_on(source: Any, data: Any) -> bool:
    """Is this the data that the pipeline's models were trained on? Its hashes say so, whatever its path is now.

    Args:
        source: module of `stages.datasets`.
        data: what it has loaded.
    """
    if not Path(source.PROVENANCE).exists():
        return False
    raw, given = artifacts.read_json(source.PROVENANCE), artifacts.rounded(data.provenance)
    return raw | {"source": ""} == given | {"source": ""}


def count(text: str) -> int:
    """An option that counts something, from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it should be at least 1")
    return number


def noise(text: str) -> float:
    """An option that is a standard deviation of noise, with the bounds of `denoiser.noise_std`."""
    std = float(text)
    if not 0 < std <= 10:
        raise argparse.ArgumentTypeError("it should be above 0 and at most 10")
    return std
