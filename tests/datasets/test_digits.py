"""Digits in each of the forms that circulate become one file; others are refused with what would be right."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digit_files, digits
from tests.conftest import REPOSITORY
from tests.datasets.conftest import IMAGES, LABELS, Bomb, digits_refused, idx, npz, put, put_digits, same_digits, table

NAMES = [f"pixel{number}" for number in range(784)]
HEADER = ",".join(["label", *NAMES])
IMAGE_FILE, LABEL_FILE = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
HALVES = [False] * 30 + [True] * 10


@pytest.mark.network
def test_the_packaged_digits_are_mnist_and_keras_gives_the_same_file(workdir, set_source, monkeypatch):
    """Keras' download is replaced by an mnist.npz made of the packaged arrays; all else of Keras is its own."""
    digits.main(set_source("digits", REPOSITORY / "stages/datasets/packaged.txt"))
    raw, written = artifacts.read_npz(digits.OUTPUT), Path(digits.OUTPUT).read_bytes()
    assert raw["images"].shape == (70_000, 28, 28)
    assert np.flatnonzero(raw["test"]).tolist() == list(range(60_000, 70_000))
    assert np.bincount(raw["labels"][:60_000]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert artifacts.read_json(digits.PROVENANCE)["idx_sha256"] == digits.MNIST_SHA256

    (cache := workdir / "cache" / "datasets").mkdir(parents=True)
    halves = (("train", ~raw["test"]), ("test", raw["test"]))
    arrays = {
        f"{axis}_{half}": raw[kind][rows] for half, rows in halves for axis, kind in (("x", "images"), ("y", "labels"))
    }
    np.savez(cache / "mnist.npz", **arrays)
    monkeypatch.setattr("keras.src.datasets.mnist.get_file", lambda **_: str(cache / "mnist.npz"))
    digest = hashlib.sha256((cache / "mnist.npz").read_bytes()).hexdigest()
    digits.main(set_source("digits", put(workdir / "keras.txt", f"mnist.npz sha256:{digest}\n")))
    assert Path(digits.OUTPUT).read_bytes() == written


def test_a_pickle_in_the_package_is_read_by_place_and_never_loaded(monkeypatch, workdir):
    """The arrays in small, at other places, in a pickle that would run a program."""
    from pickle import dumps

    content, pairs = dumps(Bomb()), []
    for rows in (slice(10), slice(10, 30), slice(30, 40)):
        pairs.append((len(content), len(content) + IMAGES[rows].size * 4, len(LABELS[rows])))
        content += (IMAGES[rows].astype("<f4") / 256).tobytes() + LABELS[rows].astype("<i8").tobytes()
    monkeypatch.setattr(digits, "PAIRS", tuple(pairs))
    facts = {"source": "", "sha256": ""}
    monkeypatch.setattr(
        digits.sources, "package_files", lambda *_, **__: ({digits.MEMBER: gzip.compress(content)}, facts)
    )
    with pytest.raises(StageError, match="is not MNIST: train-images-idx3-ubyte has another SHA-256"):
        digits.load(Path("packaged.txt"))
    hashes = {name: hashlib.sha256(file).hexdigest() for half, rows in (("train", slice(30)), ("test", slice(30, 40)))
              for name, file in digit_files.idx_files(half, IMAGES[rows], LABELS[rows]).items()}  # fmt: skip
    monkeypatch.setattr(digits, "MNIST_SHA256", hashes)
    same_digits(digits.load(Path("packaged.txt")))
    assert not Path("unpickled").exists()


# ---- a user's own


def emnist(folder: Path) -> Path:
    """The four files with a beginning in common."""
    for file in list(put_digits(folder).iterdir()):
        file.rename(folder / f"emnist-letters-{file.name.replace('t10k', 'test')}")
    return folder


def tables(folder: Path) -> Path:
    """A CSV for each half, one without a header, one with it and gzipped."""
    put(folder / "mnist_train.csv", table(IMAGES[:30], LABELS[:30]))
    put(folder / "mnist_test.csv", gzip.compress(table(IMAGES[30:], LABELS[30:], HEADER.replace("label", "Class"))))
    return folder


@pytest.mark.parametrize(
    ("build", "form"),
    [
        (put_digits, "IDX files"),
        (lambda path: put_digits(path, ".", ".gz"), "IDX files"),
        (emnist, "IDX files"),
        (lambda path: put_digits(put_digits(path, ".") / IMAGE_FILE).parent, "IDX files"),  # as Kaggle has them
        (lambda path: npz(path.with_suffix(".npz")).rename(path), "the arrays x_train"),
        (tables, "CSV files"),
    ],
)
def test_the_same_digits_in_each_form(tmp_path, capsys, build, form):
    same_digits(digits.load(build(tmp_path / "mine")), HALVES)
    assert f"mine is read as {form}" in capsys.readouterr().out


def test_a_csv_whose_label_is_last_needs_a_header(tmp_path):
    images = IMAGES.copy()
    images[:, 0, 0] = 0
    path = put(tmp_path / "last.csv", table(images, header=",".join([*NAMES, "label"]), last=True))
    np.testing.assert_array_equal(digits.load(path).labels, LABELS)
    digits_refused(put(path, table(images, last=True)), "has one class only, 0; the label is the first column")


GOOD_IMAGES, GOOD_LABELS, ROWS = idx(IMAGES[:30]), idx(LABELS[:30]), table().decode().splitlines()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (LABEL_FILE, gzip.compress(GOOD_LABELS, mtime=0)[:-8] + bytes(8), "is not a whole gzip file"),
        (IMAGE_FILE, GOOD_LABELS, "is not IDX: it begins with 00 00 08 01, not 00 00 08 03"),
        (IMAGE_FILE, GOOD_IMAGES[:-1], "should have 30 × 28 × 28 bytes .* 23,519"),
        (LABEL_FILE, idx(LABELS[:30] + 91), r"train image 10: a label is 100; it should be in 0\.\.99"),
        (f"x-{IMAGE_FILE}", GOOD_IMAGES, f"one IDX file of the train images, plain or .gz; it has {IMAGE_FILE}, x-"),
        ("classes.txt", b"0 a\n0 b\n", r"classes\.txt, line 2: '0 b'"),
    ],
)
def test_a_broken_file_beside_good_ones_is_named(tmp_path, name, content, told):
    put(put_digits(tmp_path) / name, content)
    digits_refused(tmp_path, told)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"x_train": np.array([Bomb()], object)}, "bad.npz is not a valid .npz: Object arrays cannot be loaded"),
        ({"y_test": None}, "has no array y_test; it has x_train, y_train, x_test"),
        ({"x_train": IMAGES[:30] // 128}, "train: grey values up to 1; they should be in 0..255, 255 for white"),
        ({"x_test": IMAGES[30:].astype(int) - 300}, r"test image 1: a grey value is -.*; it should be in 0\.\.255"),
    ],
)
def test_a_broken_npz(workdir, changed, told):
    digits_refused(npz(workdir / "bad.npz", **changed), told)
    assert not Path("unpickled").exists()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ROWS[0], ROWS[1].rpartition(",")[0], *ROWS[2:]], "columns changed from 785 to 784 at row 2"),
        ([HEADER, ROWS[0], "1,256" + ROWS[1][ROWS[1].index(",", 2) :]], "train image 2: a grey value is 256"),
        ([HEADER.replace("label", "answer"), *ROWS], "one column named label or class"),
        ([",".join(NAMES)], "row 1: 784 fields; .* Kaggle's test.csv has no labels: use its train.csv alone"),
    ],
)
def test_a_broken_csv_is_refused_by_its_row(tmp_path, rows, told):
    digits_refused(put(tmp_path / "bad.csv", "\n".join(rows) + "\n"), told)


def test_labels_up_to_99_are_classes_and_light_pictures_are_told(tmp_path, capsys):
    labels = (np.arange(60, dtype=np.uint8) % 20) + 80
    images = np.concatenate([IMAGES, IMAGES[:20]]) // 4 + 190
    loaded = digits.load(put(tmp_path / "letters.csv", table(images, labels)))
    assert loaded.provenance["images_by_label"] == dict.fromkeys(range(80, 100), 3)
    assert loaded.names is None
    assert "is mostly light; digits should be light on dark" in capsys.readouterr().out


@given(st.binary(max_size=300), st.sampled_from(["file", IMAGE_FILE, "classes.txt"]))
def test_any_bytes_are_refused_in_one_line(tmp_path_factory, content, name):
    folder = tmp_path_factory.mktemp("any")
    put(folder / name, content)
    with pytest.raises(StageError) as caught:
        digits.load(folder / name if name == "file" else folder)
    assert len(str(caught.value).splitlines()) == 1


# ---- names of classes


def test_a_list_next_to_the_files_names_the_classes(workdir, set_source, capsys):
    folder = put_digits(workdir / "mine")
    names = [f"piece {label}" for label in range(9)] + ["long " * 40]
    put(folder / "classes.txt", "\n\n".join(f"{label} {name}" for label, name in enumerate(names)))
    digits.main(set_source("digits", "mine"))
    raw = artifacts.read_npz(digits.OUTPUT)["names"]
    assert raw.tolist()[:9] == names[:9]
    assert len(raw[9]) <= 60
    assert artifacts.read_json(digits.PROVENANCE)["classes"] == raw.tolist()
    assert "images 40, official test 10, classes piece 0, piece 1" in capsys.readouterr().out
