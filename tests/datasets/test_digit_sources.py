import gzip
import io
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digits, idx, own, prepare
from tests.datasets.conftest import IMAGES, LABELS, put, put_digits

NAMES = [f"pixel{number}" for number in range(784)]


def table(images=IMAGES, labels=LABELS, header: str | None = None, last: bool = False) -> bytes:
    rows = [[label, *image.ravel()] for label, image in zip(labels, images, strict=True)]
    lines = [",".join(map(str, row[1:] + row[:1] if last else row)) for row in rows]
    return "\n".join([header] * (header is not None) + lines).encode() + b"\n"


HEADER = ",".join(["label", *NAMES])


def npz(path: Path, **changed) -> Path:
    """As Keras ships MNIST, 30 digits to train on and 10 to test on."""
    arrays = {"x_train": IMAGES[:30], "y_train": LABELS[:30], "x_test": IMAGES[30:], "y_test": LABELS[30:]} | changed
    np.savez_compressed(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def picture(image: np.ndarray, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def put_pictures(folder: Path, kind: str = "PNG", halves=(("", slice(40)),), names=str) -> Path:
    for half, rows in halves:
        for number, (image, label) in enumerate(zip(IMAGES[rows], LABELS[rows], strict=True)):
            put(folder / half / names(label) / f"{number:05}.{kind.lower()}", picture(image, kind))
    return folder


def as_digits(loaded) -> None:
    np.testing.assert_array_equal(loaded.images, IMAGES)
    np.testing.assert_array_equal(loaded.labels, LABELS)
    assert loaded.images.dtype == loaded.labels.dtype == np.uint8


def refused(path: Path, told: str) -> None:
    with pytest.raises(StageError, match=told) as caught:
        digits.load(path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(str(path.parent))


def test_the_npz_of_keras(tmp_path, capsys):
    loaded = digits.load(npz(tmp_path / "mnist.npz"))
    as_digits(loaded)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert "is read as the arrays x_train, y_train, x_test and y_test: 40 images, 10 classes, 10 of them set apart" in (
        capsys.readouterr().out
    )
    npz(tmp_path / "more.npz", x_train=IMAGES[:30, ..., None], y_train=LABELS[:30].astype(np.int64)[:, None])
    as_digits(digits.load(tmp_path / "more.npz"))


class Payload:
    def __reduce__(self):
        return (Path.touch, (Path("unpickled"),))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"x_train": np.array([Payload()], object)}, "x_train holds Python objects, which are never loaded"),
        ({"y_test": np.array([Payload()], object)}, "y_test holds Python objects"),
        ({"y_test": None}, "has no array y_test; it has x_train, y_train, x_test"),
        ({"x_test": IMAGES[:0]}, "has no images"),
        ({"x_test": IMAGES[30:] / 255}, "x_test is of float64; it should be of whole numbers 0..255"),
        ({"x_test": IMAGES[30:].astype(int) - 1}, "x_test has -1 to 254; it should have 0 to 255"),
        ({"x_train": IMAGES[:30, :27]}, "has images of 27 × 28"),
        ({"y_train": LABELS[:29]}, "has 30 images, but there are 29 labels"),
        ({"y_train": LABELS[:30] + 91}, "labels go up to 100; they should be in 0..99"),
        ({"y_train": LABELS[:30] * 0, "y_test": LABELS[30:] * 0}, "has one class only, 0; two are the least"),
    ],
)
def test_a_broken_npz(workdir, changed, told):
    refused(npz(workdir / "bad.npz", **changed), told)
    assert not Path("unpickled").exists()


def member(content: bytes, path: Path) -> Path:
    """A good .npz with other bytes for x_train."""
    with zipfile.ZipFile(npz(path)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, old in members.items():
            archive.writestr(name, content if name == "x_train.npy" else old)
    return path


def claiming(shape: str, after: bytes = b"") -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + after


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "x_train is not an array"),
        (b"\x80\x04.", "x_train is not an array"),
        (claiming("(1000000, 100, 100)"), "x_train says it has 10,000,000,000 bytes; at most"),
        (claiming("(2, 28, 28)", bytes(100)), "x_train should have 1,568 bytes; it has 100"),
        (claiming("(2, 28, 28)", bytes(300_000_000)), "x_train should have 1,568 bytes; it has more"),
        (claiming("(-1, 28, 28)", bytes(100)), "x_train"),
    ],
)
def test_an_npz_that_is_not_what_it_claims_costs_no_memory(tmp_path, content, told):
    path = member(content, tmp_path / "bad.npz")
    del content
    tracemalloc.start()
    refused(path, told)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_an_npz_cut_off_or_damaged(tmp_path):
    whole = npz(tmp_path / "good.npz").read_bytes()
    for content in (whole[:-100], whole[:100], b"", whole[:600] + bytes(50) + whole[650:]):
        refused(put(tmp_path / "bad.npz", content), "bad.npz")


@pytest.mark.parametrize("header", [None, HEADER, HEADER.replace("label", "Class"), HEADER.replace("pixel", '"x"')])
def test_a_csv_with_and_without_a_header(tmp_path, header, capsys):
    loaded = digits.load(put(tmp_path / "train.csv", table(header=header)))
    as_digits(loaded)
    assert not loaded.test.any()
    assert f"({'a header' if header else 'no header'}, the label" in capsys.readouterr().out


def test_a_csv_whose_label_is_last_needs_a_header(tmp_path):
    images = IMAGES.copy()
    images[:, 0, 0] = 0
    path = put(tmp_path / "last.csv", table(images, header=",".join([*NAMES, "label"]), last=True))
    np.testing.assert_array_equal(digits.load(path).labels, LABELS)
    refused(put(path, table(images, last=True)), "has 0 in the first column of every row; if the label is in the last")


def test_a_pair_of_csv_files(tmp_path):
    put(tmp_path / "mnist_train.csv", table(IMAGES[:30], LABELS[:30]))
    put(tmp_path / "mnist_test.csv", table(IMAGES[30:], LABELS[30:], HEADER))
    loaded = digits.load(tmp_path)
    as_digits(loaded)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert set(loaded.provenance["sha256"]) == {"mnist_train.csv", "mnist_test.csv"}


def test_the_folder_of_kaggle_is_refused_with_a_reason(tmp_path):
    folder = tmp_path / "digit-recognizer"
    put(folder / "train.csv", table(header=HEADER))
    rows = table(header=None).decode().splitlines()
    put(folder / "test.csv", "\n".join([",".join(NAMES), *(row.split(",", 1)[1] for row in rows)]))
    put(folder / "sample_submission.csv", "ImageId,Label\n1,0\n")
    refused(folder, "test.csv has 784 grey values a row and no label, as Kaggle's test.csv")
    as_digits(digits.load(folder / "train.csv"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: [rows[0], rows[1].rpartition(",")[0], *rows[2:]], "line 2: 784 fields"),
        (lambda rows: [rows[0] + ",1", *rows[1:]], "line 1: 786 fields"),
        (lambda rows: [*rows, rows[0] + ",1"], "line 41: 786 fields"),
        (lambda rows: [rows[0], "", "x" + rows[1]], "line 3: the label is 'x1'"),
        (lambda rows: [rows[0], "1.5" + rows[1][1:]], "line 2: the label is '1.5'; it should be a whole number 0..99"),
        (lambda rows: [rows[0], "-1" + rows[1][1:]], "line 2: the label is '-1'"),
        (lambda rows: [rows[0], "100" + rows[1][1:]], "line 2: the label is '100'"),
        (lambda rows: [rows[0], "1,256" + rows[1][rows[1].index(",", 2) :]], "line 2: field 2 is '256'"),
        (lambda rows: [rows[0], "1,99999" + rows[1][rows[1].index(",", 2) :]], "line 2: field 2 is '99999'"),
        (lambda rows: [rows[0], "1,nan" + rows[1][rows[1].index(",", 2) :]], "line 2: field 2 is 'nan'"),
        (lambda rows: [HEADER], "has a header and no rows"),
        (lambda rows: [HEADER.replace("pixel0,pixel1,", "pixel1,pixel0,"), *rows], "are not in their order"),
        (lambda rows: [HEADER.replace("label", "answer"), *rows], "one column named label or class"),
        (lambda rows: ["a,b,c", "1,2,3"], "line 1: 3 fields"),
        (lambda rows: [rows[0], "\0" + rows[1]], "holds NUL characters"),
        (lambda rows: [rows[0]], "has one class only"),
    ],
)
def test_a_broken_csv_is_refused_by_its_line(tmp_path, change, told):
    rows = table().decode().splitlines()
    refused(put(tmp_path / "bad.csv", "\n".join(change(rows)) + "\n"), told)


HALVES = (("train", slice(30)), ("test", slice(30, 40)))


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
@pytest.mark.parametrize("halves", [(("", slice(40)),), HALVES, (("training", slice(30)), ("testing", slice(30, 40)))])
def test_pictures_by_class(tmp_path, kind, halves):
    loaded = digits.load(put_pictures(tmp_path / "mine", kind, halves))
    order = np.concatenate([np.argsort(LABELS[rows], kind="stable") + (rows.start or 0) for _, rows in halves])
    np.testing.assert_array_equal(loaded.images, IMAGES[order])
    np.testing.assert_array_equal(loaded.labels, LABELS[order])
    assert loaded.test.sum() == (10 if len(halves) == 2 else 0)
    assert "classes" not in loaded.provenance


def test_classes_with_names_are_numbered_and_their_names_kept(tmp_path, capsys):
    folder = put_pictures(tmp_path / "mine", "JPEG", names=lambda label: "shirt\n" if label % 2 else "bag")
    put(folder / "bag" / "Thumbs.db", "x")
    loaded = digits.load(folder)
    assert loaded.labels.tolist() == [0] * 20 + [1] * 20
    assert loaded.provenance["classes"] == ["bag", "shirt\n"]
    assert (
        "a folder of each class, 1 other files in it ignored: 40 images, 2 classes, none set" in capsys.readouterr().out
    )


def animated() -> bytes:
    frames = [Image.fromarray(image) for image in IMAGES[:3]]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


GREY = picture(IMAGES[0])
COLOUR = np.stack([IMAGES[0], IMAGES[1], IMAGES[2]], axis=-1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (picture(np.zeros((32, 28), np.uint8)), "has 28 × 32 pixels; it should have 28 × 28: `reprise prepare-digits"),
        (picture(COLOUR), r"has colours \(RGB\); it should be grey"),
        (picture(np.dstack([COLOUR, IMAGES[3]])), "has transparent pixels"),
        (picture(IMAGES[0].astype(np.uint16) * 257), "has 16 bits a pixel"),
        (animated(), "is animated"),
        (GREY[:-200], "is not a whole PNG, JPEG or BMP picture"),
        (GREY[:60], "is not a whole PNG, JPEG or BMP picture"),
        (b"", "is not a whole PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n", "is not a whole PNG"),
        (picture(IMAGES[0], "GIF"), "is not a whole PNG"),
        (picture(IMAGES[0], "TIFF"), "is not a whole PNG"),
        (GREY[:16] + b"\x00\x01\x00\x00" * 2 + GREY[24:], "bad.png"),
    ],
)
def test_a_picture_that_is_not_as_it_should_be_is_named(tmp_path, content, told):
    folder = put_pictures(tmp_path / "mine")
    put(folder / "3" / "bad.png", content)
    with pytest.raises(StageError, match=told) as caught:
        digits.load(folder)
    assert "mine/3/bad.png" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_classes_that_cannot_be_split_or_told_apart(tmp_path):
    folder = put_pictures(tmp_path / "mine")
    put(folder / "x\ny" / "1.png", GREY)
    refused(folder, r"the class 'x\\ny' has 1 of the pictures; at least 3 are needed")
    twice = put_pictures(tmp_path / "twice")
    for number in range(3):
        put(twice / "03" / f"{number}.png", GREY)
    refused(twice, "has two folders of one class")
    unknown = put_pictures(tmp_path / "unknown", halves=HALVES)
    for number in range(3):
        put(unknown / "test" / "11" / f"{number}.png", GREY)
    refused(unknown, "the class '11' has pictures to test on, but none to train on")
    many = tmp_path / "many"
    for name in range(101):
        put(many / f"c{name}" / "1.png", GREY)
    refused(many, "has 101 classes; 100 are the most")


def test_thousands_of_pictures_in_one_folder_take_seconds(tmp_path):
    folder = put_pictures(tmp_path / "mine")
    for number in range(6000):
        put(folder / "1" / f"more{number}.png", GREY)
    start = time.perf_counter()
    assert len(digits.load(folder).images) == 6040
    assert time.perf_counter() - start < 10


def test_labels_up_to_99_are_classes(tmp_path):
    labels = (np.arange(60, dtype=np.uint8) % 20) + 80
    loaded = digits.load(put(tmp_path / "letters.csv", table(np.concatenate([IMAGES, IMAGES[:20]]), labels)))
    assert loaded.labels.max() == 99
    assert len(loaded.provenance["images_by_digit"]) == 100


@given(st.binary(max_size=300), st.sampled_from(["bad.npz", "bad.csv"]))
def test_any_bytes_are_refused_in_one_line(tmp_path_factory, content, name):
    path = put(tmp_path_factory.mktemp("any") / name, content)
    with pytest.raises(StageError) as caught:
        digits.load(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("place", [-8, -4, -1])
def test_the_check_sum_of_a_gzipped_idx_file_is_read(tmp_path, place):
    path = put_digits(tmp_path, suffix=".gz") / "train-labels-idx1-ubyte.gz"
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    put(path, bytes(whole))
    with pytest.raises(StageError, match=r"train-labels-idx1-ubyte\.gz is not a whole gzip file"):
        digits.load(tmp_path)


def test_a_path_that_is_not_utf_8_is_written_as_it_can_be(workdir, set_source):
    folder = workdir / b"caf\xe9".decode("utf-8", "surrogateescape")
    digits.main(set_source("digits", put_digits(folder)))
    assert artifacts.read_json(digits.PROVENANCE)["source"].endswith("caf\\udce9")


def test_a_sparse_file_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "sparse.csv", "wb") as file:
        file.truncate(2 * own.LARGEST)
    refused(tmp_path / "sparse.csv", "at most 268,435,456 are allowed")


def test_prepared_pictures_are_read_as_digits(tmp_path):
    large = np.full((120, 90), 255, np.uint8)
    large[30:80, 40:50] = 0  # a dark stroke on light paper
    for name in ("one", "two"):
        for number in range(3):
            put(tmp_path / "mine" / name / f"{number}.jpg", picture(large, "JPEG"))
    told = prepare.prepare(tmp_path / "mine", tmp_path / "idx", invert=True)
    assert told[0].startswith("train: 6 pictures, 2 classes")
    assert (tmp_path / "idx/classes.txt").read_text() == "0 one\n1 two\n"
    loaded = digits.load(tmp_path / "idx")
    assert loaded.labels.tolist() == [0, 0, 0, 1, 1, 1]
    rows, columns = (np.flatnonzero((loaded.images[0] > 128).any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (4, 23, 12, 15)
    with pytest.raises(StageError, match="idx is not empty; give a new folder"):
        prepare.prepare(tmp_path / "mine", tmp_path / "idx")
    assert "try --invert" in prepare.prepare(tmp_path / "mine", tmp_path / "again")[-1]


@pytest.mark.parametrize("content", [GREY[:100], picture(np.zeros((40, 40), np.uint8))])
def test_nothing_is_prepared_if_one_picture_cannot_be(tmp_path, content):
    put(put_pictures(tmp_path / "mine") / "0/x.png", content)
    with pytest.raises(StageError, match=r"mine/0/x\.png"):
        prepare.prepare(tmp_path / "mine", tmp_path / "idx")
    assert not (tmp_path / "idx").exists()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_a_header_and_its_bytes_are_read_back(tmp_path_factory, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = put(tmp_path_factory.mktemp("idx") / "array.gz", gzip.compress(idx.header(array) + array.tobytes()))
    np.testing.assert_array_equal(idx.read(path, array.ndim), array)
