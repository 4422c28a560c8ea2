"""reprise export: a model in a format that other programs run, checked against the original."""

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from reprise import REPOSITORY, files, notice, package
from stages.autoencoder.preprocess import DATA as DIGITS
from stages.core import artifacts, model_files
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.denoiser.preprocess import DATA as NOISY_DIGITS
from stages.params import PATH, setting
from stages.sentiment import batches
from stages.sentiment.preprocess import OUTPUT as REVIEWS
from stages.textgen.model import log_softmax
from stages.textgen.preprocess import OUTPUT as CHARACTERS

PASSAGE = 200  # characters
AT_ONCE = 100  # digits, reviews or passages
# Largest difference of any pixel or probability. float32 rounds sums in another order in another program: in 13 million
# probabilities of characters, the largest by onnxruntime 1.32 is 0.000012.
TOLERANCE = 1e-4


def test_inputs(name: str, folder: Path = REPOSITORY) -> Any:
    """The test data as the model called `name` reads it: an array, or arrays by the input's name; text in passages."""
    if name == "autoencoder":
        return scaled(artifacts.read_npz(folder / DIGITS)["test"])
    if name.startswith("denoiser"):
        return artifacts.read_npz(folder / NOISY_DIGITS)["test_noisy"]
    if name == "textgen":
        ids = artifacts.read_npz(folder / CHARACTERS)["test"]
        passages = max(1, len(ids) // PASSAGE)
        return ids[: passages * PASSAGE].reshape(passages, -1)
    sizes = setting("sentiment.network", folder / PATH)
    reviews = batches.reviews(artifacts.read_npz(folder / REVIEWS), "test", sizes)
    return batches.batch(reviews, range(len(reviews.words)), sizes.pool)


def saved_model(model: keras.Model, inputs: Any, folder: str | Path, more: package.Content | None = None) -> float:
    """Write TensorFlow's SavedModel: a new folder, there only if what it computes is the same.

    Args:
        model: any.
        inputs: what to check it on.
        folder: must not exist.
        more: other files, by name; with them the SavedModel is a folder in the folder, as `package.FORMS` says.

    Returns:
        The largest difference between the outputs; between probabilities, where the outputs are a text model's logits.

    Raises:
        StageError: the folder exists or cannot be written, or the outputs differ by more than `TOLERANCE`.
    """

    def loaded(path: Path) -> Callable[[Any], np.ndarray]:
        import tensorflow as tf

        model = tf.saved_model.load(path)  # in a variable: it has to outlive the calls
        return lambda part: model.serve(part).numpy()

    return _written(model, inputs, str(folder), "tf_saved_model", loaded, more)


def onnx(model: keras.Model, inputs: Any, path: str | Path, more: package.Content | None = None) -> float:
    """Write ONNX: arguments, result and errors as for `saved_model`.

    Without `more` it is a file: a regular one is replaced, also where a link leads to it; devices, pipes and folders
    are refused. "-" is standard output.
    """
    try:
        import onnxruntime
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise StageError(
            f"ONNX needs {error.name}: "
            "python -m pip install --require-hashes -r requirements.txt -r requirements-export.txt"
        ) from error

    def loaded(path: Path) -> Callable[[Any], np.ndarray]:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda part: session.run(None, part if isinstance(part, dict) else {name: part})[0]

    return _written(model, inputs, str(path), "onnx", loaded, more)


def _written(
    model: keras.Model,
    inputs: Any,
    path: str,
    form: str,
    load: Callable[[Path], Callable[[Any], np.ndarray]],
    more: package.Content | None = None,
) -> float:
    """Export to a folder next to the target, compare, and only then move the result to its name."""
    if (form == "tf_saved_model" or more) and os.path.lexists(path):
        raise StageError(f"{path} exists already; give a new folder")
    target = None if path == files.STANDARD else files.output(path)
    model(_rows(inputs, slice(1)), training=False)  # Keras exports to ONNX only what was called before
    try:
        if target:
            target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target and target.parent, prefix=".export-") as scratch:
            whole = Path(scratch) / "whole"
            new = whole / package.FORMS[form].network if more else whole
            new.parent.mkdir(exist_ok=True)
            with warnings.catch_warnings(action="ignore"):  # tf2onnx's, about numpy
                model.export(new, format=form, verbose=False)
            difference = _difference(model, load(new), inputs)
            if not difference <= TOLERANCE:
                raise StageError(f"{path} is not written: its outputs differ by {difference:.2g}")
            for name, content in (more or {}).items():
                artifacts.write_bytes(whole / name, content)
            if target:
                os.replace(whole, files.output(path))
            else:
                files.write_bytes(path, whole.read_bytes())
    except OSError as error:
        raise StageError(f"cannot write {path}: {error.strerror or error}") from error
    return difference


def _difference(model: keras.Model, other: Callable[[Any], np.ndarray], inputs: Any) -> float:
    """The largest difference between what two give for the same inputs; logits as the probabilities they stand for."""
    used = _softmax if model.layers[-1].name == "logits" else np.asarray
    differences = []
    for start in range(0, _count(inputs), AT_ONCE):
        part = _rows(inputs, slice(start, start + AT_ONCE))
        expected = keras.ops.convert_to_numpy(model(part, training=False))
        differences.append(np.abs(used(other(part)) - used(expected)).max())
    return float(np.max(differences))  # NaN, if any is


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, from logits of any shape."""
    return np.exp(log_softmax(logits))


def _rows(inputs: Any, rows: slice) -> Any:
    return {name: array[rows] for name, array in inputs.items()} if isinstance(inputs, dict) else inputs[rows]


def _count(inputs: Any) -> int:
    return len(next(iter(inputs.values())) if isinstance(inputs, dict) else inputs)


def main(options: argparse.Namespace) -> None:
    """Export the model that the command line names."""
    if options.saved_model == files.STANDARD:
        raise StageError("a SavedModel is a folder; standard output takes only --onnx -")
    write, path, form = (
        (saved_model, options.saved_model, "tf_saved_model") if options.saved_model else (onnx, options.onnx, "onnx")
    )
    notice("loading the model and test data ...")
    file = REPOSITORY / "models" / f"{options.model}.keras"
    model = model_files.read(file)
    inputs = test_inputs(options.model)
    alone = form == "onnx" and (path == files.STANDARD or path.lower().endswith(".onnx"))
    more = None if alone else package.contents(options.model, form, file, model, REPOSITORY)
    notice("writing and checking ...")
    difference = write(model, inputs, path, more)
    what = {"textgen": "passages", "sentiment": "reviews"}.get(options.model, "digits")
    print(
        f"{path}: same results as the model on {_count(inputs):,} test {what}, largest difference {difference:.1g}",
        file=sys.stderr if path == files.STANDARD else sys.stdout,
    )
    if more:
        print(f"how to use it: {Path(path) / 'README.md'}, {Path(path) / 'example.py'}")
