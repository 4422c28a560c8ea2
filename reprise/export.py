"""reprise export: a model in a format that other programs run, checked against the original."""

import argparse
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from reprise import REPOSITORY, notice
from stages import StageError, artifacts
from stages.autoencoder.preprocess import OUTPUT as DIGITS
from stages.denoiser.preprocess import OUTPUT as NOISY_DIGITS
from stages.digits import scaled
from stages.params import PATH, load
from stages.sentiment import batches
from stages.sentiment.preprocess import OUTPUT as REVIEWS
from stages.textgen.preprocess import OUTPUT as CHARACTERS

CHECKED = 200  # test digits, reviews or passages of text
PASSAGE = 200  # characters
TOLERANCE = 1e-5  # largest difference of any output; relative where it is above 1, as a text model's logits are


def test_inputs(name: str, folder: Path = REPOSITORY) -> Any:
    """Some of the test data as the model called `name` reads it: an array, or arrays by the input's name."""
    if name == "autoencoder":
        return scaled(artifacts.read_npz(folder / DIGITS)["test"][:CHECKED])
    if name.startswith("denoiser"):
        return artifacts.read_npz(folder / NOISY_DIGITS)["test_noisy"][:CHECKED]
    if name == "textgen":
        ids = artifacts.read_npz(folder / CHARACTERS)["test"]
        passages = max(1, min(CHECKED, len(ids) // PASSAGE))
        return ids[: passages * PASSAGE].reshape(passages, -1)
    sizes = load(folder / PATH).sentiment.network
    reviews = batches.reviews(artifacts.read_npz(folder / REVIEWS), "test", sizes)
    return batches.batch(reviews, range(min(CHECKED, len(reviews.words))), sizes.pool)


def saved_model(model: keras.Model, inputs: Any, folder: str | Path) -> float:
    """Write TensorFlow's SavedModel: a new folder, there only if what it computes is the same.

    Args:
        model: any.
        inputs: what to check it on.
        folder: must not exist.

    Returns:
        The largest difference between the outputs, measured as `TOLERANCE` is.

    Raises:
        StageError: the folder exists or cannot be written, or the outputs differ by more than `TOLERANCE`.
    """

    def run(path: Path) -> np.ndarray:
        import tensorflow as tf

        loaded = tf.saved_model.load(path)  # in a variable: it has to outlive the call
        return loaded.serve(inputs).numpy()

    return _written(model, inputs, Path(folder), "tf_saved_model", run)


def onnx(model: keras.Model, inputs: Any, path: str | Path) -> float:
    """Write ONNX: arguments, result and errors as for `saved_model`; an existing file is replaced."""
    try:
        import onnxruntime
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise StageError(
            f"ONNX needs {error.name}: python -m pip install --require-hashes -r requirements-export.txt"
        ) from error

    def run(path: Path) -> np.ndarray:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]
        return session.run(None, inputs if isinstance(inputs, dict) else {names[0]: inputs})[0]

    return _written(model, inputs, Path(path), "onnx", run)


def _written(model: keras.Model, inputs: Any, path: Path, form: str, run: Callable[[Path], np.ndarray]) -> float:
    if path.is_dir() or (form == "tf_saved_model" and path.exists()):
        raise StageError(f"{path} exists already")
    expected = keras.ops.convert_to_numpy(model(inputs, training=False))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as scratch:
            new = Path(scratch) / path.name
            with warnings.catch_warnings(action="ignore"):  # tf2onnx's, about numpy
                model.export(new, format=form, verbose=False)
            difference = float((np.abs(run(new) - expected) / np.maximum(1, np.abs(expected))).max())
            if not difference <= TOLERANCE:
                raise StageError(f"{path} is not written: its outputs differ by {difference:.2g}")
            os.replace(new, path)
    except OSError as error:
        raise StageError(f"cannot write {path}: {error.strerror or error}") from error
    return difference


def main(options: argparse.Namespace) -> None:
    """Export the model that the command line names."""
    notice("loading the model and test data ...")
    model = artifacts.read_model(REPOSITORY / "models" / f"{options.model}.keras")
    inputs = test_inputs(options.model)
    write, path = (saved_model, options.saved_model) if options.saved_model else (onnx, options.onnx)
    notice("writing and checking ...")
    difference = write(model, inputs, path)
    print(f"{path}: the same as the model on test data, largest difference {difference:.1g}")
