"""A trained model on external data: `python -m stages.<task>.evaluate --data PATH [--model FILE]`.

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

from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.core.split import every

DATASETS = {"autoencoder": "digits", "denoiser": "digits", "textgen": "text", "sentiment": "reviews"}
SOURCES = {
    "digits": "a folder with MNIST's IDX files, an .npz, a .csv, or a folder of pictures by class",
    "text": "a UTF-8 text file",
    "reviews": "a .csv, .tsv or .jsonl, a folder laid out as aclImdb, or aclImdb_v1.tar.gz",
}
LIMITED = {"digits": "rows, evenly spread", "text": "characters, from the beginning", "reviews": "rows, evenly spread"}


def options(name: str, task: str) -> argparse.Namespace | None:
    """The options of an evaluation, or None where it runs as a stage (without arguments) or is imported.

    To be called before TensorFlow is imported, so that `--help` and errors in options come at once.

    Args:
        name: `__name__` of the evaluation.
        task: in `DATASETS`.
    """
    if name != "__main__" or not sys.argv[1:]:
        return None
    dataset = DATASETS[task]
    parser = argparse.ArgumentParser(
        prog=f"python -m stages.{task}.evaluate",
        description="Evaluate a trained model on external data: JSON to standard output, no file is written. "
        "Without options: run the stage, which evaluates the pipeline's model on the pipeline's data.",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        required=True,
        help=f"any value that data.{dataset} in params.yaml can have, such as {SOURCES[dataset]}; "
        "the source's own test half is used where it has one, otherwise all rows",
    )
    parser.add_argument("--model", metavar="FILE", help="a trained model (default: the pipeline's)")
    parser.add_argument("--limit", metavar="N", type=count, help=f"use only N {LIMITED[dataset]}")
    if task == "denoiser":
        parser.add_argument(
            "--noise-std", metavar="STD", type=noise, help="standard deviation of the noise (default: params.yaml's)"
        )
    return parser.parse_args()


def run(
    measure: Callable[[argparse.Namespace, Any, Any], dict[str, Any]],
    options: argparse.Namespace,
    *,
    dataset: str,
    model: str,
) -> None:
    """Evaluate with the given options and print the result.

    Args:
        measure: (command line, Keras model, dataset as its `load` gives it) → measures.
        options: the command line; `model` becomes the pipeline's where none is given.
        dataset: in `SOURCES`.
        model: path of the pipeline's model.

    Exits with status 1 and one line on standard error where `measure` or what it reads raises a StageError, and where
    standard output is closed, full or a pipe that nobody reads.
    """
    output = _take_output()
    try:
        if options.model and not (options.model.endswith(".keras") and Path(options.model).is_file()):
            raise StageError(f"--model: {options.model} is not a .keras file")  # the older .h5 may hold code
        options.model = options.model or model
        network = model_files.read(options.model)
        # By name: no stage of the pipeline reads a source here, so editing one must not re-run the evaluations.
        source = importlib.import_module(f"stages.datasets.{dataset}")
        data = source.load(Path(options.data))
        part = "test half" if np.any(getattr(data, "test", False)) else "all"
        result = {
            "model": options.model,
            "data": options.data.encode(errors="backslashreplace").decode(),
            "part": part,
            "provenance": data.provenance,
        }
        if part == "all" and _trained_on(source, data):
            result["warning"] = "not held out: the models of this repository were trained on most of this data"
            print(f"warning: {result['warning']}", file=sys.stderr)
        result |= measure(options, network, data)
    except StageError as error:
        sys.exit(f"error: {error}")
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(artifacts.json_text(result))
    except OSError as error:
        sys.exit(f"error: cannot write standard output: {error.strerror}")


def _take_output() -> int:
    """Standard output as a descriptor; what else is printed, by pip, Keras or a loader, goes to standard error."""
    if sys.stdout is None:
        sys.exit("error: standard output is closed")
    if sys.stderr is None:  # closed, so the first file that is opened would take its number
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    output = os.dup(1)
    os.dup2(2, 1)
    return output


def rows(test: np.ndarray, limit: int | None) -> np.ndarray:
    """Numbers of the rows to evaluate: those of the source's own test half, or all where it has none.

    Args:
        test: of each row: is it in the test half? Shape (n,).
        limit: at most so many, spread evenly; None for all.
    """
    chosen = np.flatnonzero(test) if np.any(test) else np.arange(len(test))
    return chosen[every(len(chosen), limit or len(chosen))]


def need(model: Any, fits: bool, what: str) -> None:
    """Check that a model belongs to the task.

    Args:
        model: Keras model.
        fits: does it?
        what: the expected kind of model.

    Raises:
        StageError: it does not.
    """
    if not fits:
        raise StageError(f"--model: {model.name!r}, {model.input_shape} → {model.output_shape}, is not {what}")


def _trained_on(source: Any, data: Any) -> bool:
    """Is this the data that the pipeline's models were trained on? Decided by its hashes, not by its path.

    Args:
        source: module of `stages.datasets`.
        data: loaded by it.
    """
    if not Path(source.PROVENANCE).exists():
        return False
    raw, given = artifacts.read_json(source.PROVENANCE), artifacts.rounded(data.provenance)
    return raw | {"source": ""} == given | {"source": ""}


def count(text: str) -> int:
    """An integer option of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it should be at least 1")
    return number


def noise(text: str) -> float:
    """A standard deviation of noise, with the bounds of `denoiser.noise_std`."""
    std = float(text)
    if not 0 < std <= 10:
        raise argparse.ArgumentTypeError("it should be above 0 and at most 10")
    return std
