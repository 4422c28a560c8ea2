"""reprise export: a model as ONNX, with all that is needed to use it, checked against the original.

TensorFlow's users load the .keras file itself.
"""

import argparse
import importlib.metadata
import os
import shutil
import signal
import sys
import warnings
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from reprise import REPOSITORY, notice, repository
from reprise.reviews import Classifier
from stages.core import artifacts, model_files
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.sentiment.encoding import per_review

# An example, and the pipeline's own way from a text or a picture to the network's numbers and back, which needs numpy.
PICTURE = ["reprise/examples/picture.py", "reprise/tiles.py"]
FILES = {
    "autoencoder": PICTURE,
    "denoiser-conv": PICTURE,
    "denoiser-dense": PICTURE,
    "sentiment": ["reprise/examples/sentiment.py", "stages/datasets/tidy.py", "stages/sentiment/encoding.py"],
    "textgen": ["reprise/examples/textgen.py", "stages/textgen/characters.py"],
}
PACKAGES = ("numpy", "onnxruntime", "pillow")
PASSAGE = 200  # characters
AT_ONCE = 100  # digits, reviews or passages
# Largest difference of any pixel or probability. float32 rounds sums in another order in another program: in 13 million
# probabilities of characters, the largest by onnxruntime 1.32 is 0.000012.
TOLERANCE = 1e-4


def main(options: argparse.Namespace) -> None:
    """Export the model that the command line names into a new folder, which is there whole or not at all."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or onnxruntime sends its maker how it is used
    try:
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise StageError(
            f"ONNX needs {error.name}: "
            "python -m pip install --require-hashes -r requirements.txt -r requirements-export.txt"
        ) from error
    target = options.onnx
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))  # leaves no folder behind
    try:
        target.mkdir(parents=True)
    except FileExistsError as error:
        raise StageError(f"{target} exists already; give a new folder") from error
    except OSError as error:
        raise StageError(f"cannot write {target}: {error.strerror}") from error
    try:
        count, difference = write(options.model, target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
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
    notice("writing and checking ...")
    count, difference = _onnx(model, name, folder / "model.onnx")
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.startswith(f"{model_files.ATTACHED}/") and member != model_files.DIGEST:
                (folder / Path(member).name).write_bytes(archive.read(member))
    if name == "sentiment":
        artifacts.write_json(folder / "threshold.json", Classifier(path).tuned_threshold())
    example, *modules = (REPOSITORY / file for file in FILES[name])
    shutil.copyfile(example, folder / "example.py")
    for module in modules:
        shutil.copy(module, folder)
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
    probabilities = partial(softmax, axis=-1) if name == "textgen" else np.asarray
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
        rows = per_review(data["test_words"], data["test_word_lengths"])
    elif name == "textgen":
        ids = artifacts.read_npz(repository("data/textgen/characters.npz"))["test"]
        passages = max(1, len(ids) // PASSAGE)
        rows = ids[: passages * PASSAGE].reshape(passages, -1)
    elif name == "autoencoder":
        rows = scaled(artifacts.read_npz(repository("data/autoencoder/digits.npz"))["test"])
    else:
        rows = artifacts.read_npz(repository("data/denoiser/digits.npz"))["test_noisy"]
    for start in range(0, len(rows), AT_ONCE):
        batch = rows[start : start + AT_ONCE]
        yield encoder.inputs(batch) if name == "sentiment" else batch
