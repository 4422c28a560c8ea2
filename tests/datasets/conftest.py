import gzip
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from stages.core.errors import StageError
from stages.datasets import digits

IMAGES = np.random.default_rng(1).integers(0, 256, (40, 28, 28)).astype(np.uint8)
LABELS = np.arange(40, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    """Bytes as MNIST's files hold them."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def put_digits(folder: Path, mark: str = "-", suffix: str = "", halves: tuple[str, ...] = ("train", "t10k")) -> Path:
    """The four files, 30 digits to train on and 10 to test on."""
    rows = {"train": slice(30), "t10k": slice(30, 40)}
    for half in halves:
        for name, array in ((f"images{mark}idx3", IMAGES), (f"labels{mark}idx1", LABELS)):
            content = idx(array[rows[half]])
            put(folder / f"{half}-{name}-ubyte{suffix}", gzip.compress(content) if suffix else content)
    return folder


def npz(path: Path, **changed) -> Path:
    """As Keras ships MNIST, 30 digits to train on and 10 to test on."""
    arrays = {"x_train": IMAGES[:30], "y_train": LABELS[:30], "x_test": IMAGES[30:], "y_test": LABELS[30:]} | changed
    np.savez_compressed(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def table(images=IMAGES, labels=LABELS, header: str | None = None, last: bool = False) -> bytes:
    """A CSV of a label and 784 grey values a row."""
    rows = [[label, *image.ravel()] for label, image in zip(labels, images, strict=True)]
    lines = [",".join(map(str, row[1:] + row[:1] if last else row)) for row in rows]
    return "\n".join([header] * (header is not None) + lines).encode() + b"\n"


def put_reviews(folder: Path, halves: tuple[str, ...] = ("train/", "test/")) -> Path:
    """Two reviews of each feeling in each half."""
    for half in halves:
        for feeling in ("pos", "neg"):
            for number in (0, 10):
                put(folder / f"{half}{feeling}/{number}_7.txt", f"{half}{feeling} {number}<br />&amp; so\non")
    put(folder / "train/unsup/0_0.txt", b"\xff") if "train/" in halves else None
    return folder


def tar(folder: Path, path: Path) -> Path:
    """A folder as aclImdb/ in a .tar.gz."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "aclImdb")
    return path


def refused(load, path: Path, told: str) -> None:
    """What is at the path is refused, in one line that begins with its folder."""
    with pytest.raises(StageError, match=told) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(str(path.parent))


class Bomb:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("unpickled"),))


def same_digits(loaded, test: list[bool] | None = None) -> None:
    """The digits are those above, and `test` those set apart for testing."""
    np.testing.assert_array_equal(loaded.images, IMAGES)
    np.testing.assert_array_equal(loaded.labels, LABELS)
    assert loaded.images.dtype == loaded.labels.dtype == np.uint8
    assert test is None or loaded.test.tolist() == test


def digits_refused(path: Path, told: str) -> None:
    refused(digits.load, path, told)


@pytest.fixture
def set_source(params):
    """A function (dataset, path) → params with that path."""

    def changed(dataset: str, path: object):
        return params.model_copy(update={"data": params.data.model_copy(update={dataset: str(path)})})

    return changed
