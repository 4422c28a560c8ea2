"""reprise export: a model as ONNX, with all that is needed to use it, checked against the original.

TensorFlow's users load the .keras file itself.
"""

import argparse
import importlib.metadata
import os
import shutil
import signal
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from reprise import REPOSITORY, notice, repository
from reprise.reviews import Classifier
from stages.core import artifacts, model_files
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.sentiment.encoding import per_review

EXAMPLES = Path(__file__).parent / "examples"
# The pipeline's own way from a text or a picture to the network's numbers and back; these files need numpy alone.
MODULES = {
    "autoencoder": [],
    "sentiment": ["stages/datasets/tidy.py", "stages/sentiment/encoding.py"],
    "textgen": ["stages/textgen/characters.py"],
    "denoiser": ["reprise/tiles.py"],
}
PACKAGES = ("numpy", "onnxruntime", "pillow")
PASSAGE = 200  # characters
AT_ONCE = 100  # digits, reviews or passages
# Largest difference of any pixel or probability. float32 rounds sums in another order in another program: in 13 million
# probabilities of characters, the largest by onnxruntime 1.32 is 0.000012.
TOLERANCE = 1e-4


def main(options: argparse.Namespace) -> None:
    """Export the model that the command line names into a new folder, which is there whole or not at all."""
    try:
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise StageError(
            f"ONNX needs {error.name}: "
            "python -m pip install --require-hashes -r requirements.txt -r requirements-export.txt"
        ) from error
    target = Path(options.onnx)
    if os.path.lexists(target):
        raise StageError(f"{target} exists already; give a new folder")
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))  # leaves no folder behind
    with tempfile.TemporaryDirectory(prefix="reprise-export-") as scratch:
        folder = Path(scratch) / "whole"
        count, difference = write(options.model, folder)
        try:
            shutil.copytree(folder, target)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(target, ignore_errors=True)
            raise StageError(f"cannot write {target}: {getattr(error, 'strerror', None) or error}") from error
    print(f"{target}: same results as the model on {count:,} test data, largest difference {difference:.1g}")
    print(f"how to use it: {target / 'example.py'}")


def write(name: str, folder: Path) -> tuple[int, float]:
    """Write the folder of a model; how many test data it was compared on, and the largest difference.

    Beside the network stand what its .keras file carries, each part as a file; the card; the versions of the packages;
    example.py; and the module that turns texts or pictures into numbers.
    """
    notice("loading the model and test data ...")
    path = repository(f"models/{name}.keras")
    model = model_files.read(path)
    folder.mkdir()
    notice("writing and checking ...")
    count, difference = _onnx(model, name, folder / "model.onnx")
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.startswith(f"{model_files.ATTACHED}/"):
                (folder / Path(member).name).write_bytes(archive.read(member))
    if name == "sentiment":
        artifacts.write_json(folder / "threshold.json", Classifier(path).tuned_threshold())
    task = name.split("-")[0]
    shutil.copyfile(EXAMPLES / f"{task}.py", folder / "example.py")
    for module in MODULES[task]:
        shutil.copyfile(REPOSITORY / module, folder / Path(module).name)
    artifacts.write_bytes(folder / "MODEL_CARD.md", artifacts.read_bytes(repository(f"report/cards/{name}.md")))
    versions = (f"{package}=={importlib.metadata.version(package)}\n" for package in PACKAGES)
    artifacts.write_text(folder / "requirements.txt", "".join(versions))
    return count, difference


def _onnx(model: keras.Model, name: str, path: Path) -> tuple[int, float]:
    """Write the network and run it beside the model; numbers as `write` gives them."""
    import onnxruntime

    batches = test_batches(name)
    first = next(batches)
    model(first, training=False)  # Keras exports to ONNX only what was called before
    with warnings.catch_warnings(action="ignore"):  # tf2onnx's, about numpy
        model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    only = session.get_inputs()[0].name
    probabilities = _softmax if name == "textgen" else np.asarray
    count, differences = 0, []
    for inputs in [first, *batches]:
        expected = keras.ops.convert_to_numpy(model(inputs, training=False))
        found = session.run(None, inputs if isinstance(inputs, dict) else {only: inputs})[0]
        differences.append(np.abs(probabilities(found) - probabilities(expected)).max())
        count += len(expected)
    difference = float(np.max(differences))  # NaN, if any is
    if not difference <= TOLERANCE:
        raise StageError(f"nothing is written: the outputs of {name} as ONNX differ by {difference:.2g}")
    return count, difference


def test_batches(name: str) -> Iterator[Any]:
    """All test data as a model reads them, `AT_ONCE` at a time; text in passages."""
    if name == "sentiment":
        data, encoder = artifacts.read_npz(repository("data/sentiment/reviews.npz")), Classifier().encoder
        reviews = per_review(data["test_words"], data["test_word_lengths"])
        for start in range(0, len(reviews), AT_ONCE):
            yield encoder.inputs(reviews[start : start + AT_ONCE])
        return
    if name == "autoencoder":
        rows = scaled(artifacts.read_npz(repository("data/autoencoder/digits.npz"))["test"])
    elif name == "textgen":
        ids = artifacts.read_npz(repository("data/textgen/characters.npz"))["test"]
        passages = max(1, len(ids) // PASSAGE)
        rows = ids[: passages * PASSAGE].reshape(passages, -1)
    else:
        rows = artifacts.read_npz(repository("data/denoiser/digits.npz"))["test_noisy"]
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
