import gzip
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts, inputs
from stages.core.errors import StageError
from stages.datasets import digits, idx
from tests.datasets.conftest import IMAGES, LABELS, digits_refused, put, put_digits, same_digits

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


def test_the_npz_of_keras(tmp_path, capsys):
    loaded = digits.load(npz(tmp_path / "mnist.npz"))
    same_digits(loaded)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert "is read as the arrays x_train, y_train, x_test and y_test: 40 images, 10 classes, 10 of them set apart" in (
        capsys.readouterr().out
    )
    npz(tmp_path / "more.npz", x_train=IMAGES[:30, ..., None], y_train=LABELS[:30].astype(np.int64)[:, None])
    same_digits(digits.load(tmp_path / "more.npz"))


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
    digits_refused(npz(workdir / "bad.npz", **changed), told)
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
    digits_refused(path, told)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_an_npz_cut_off_or_damaged(tmp_path):
    whole = npz(tmp_path / "good.npz").read_bytes()
    for content in (whole[:-100], whole[:100], b"", whole[:600] + bytes(50) + whole[650:]):
        digits_refused(put(tmp_path / "bad.npz", content), "bad.npz")


@pytest.mark.parametrize("header", [None, HEADER, HEADER.replace("label", "Class"), HEADER.replace("pixel", '"x"')])
def test_a_csv_with_and_without_a_header(tmp_path, header, capsys):
    loaded = digits.load(put(tmp_path / "train.csv", table(header=header)))
    same_digits(loaded)
    assert not loaded.test.any()
    assert f"({'a header' if header else 'no header'}, the label" in capsys.readouterr().out


def test_a_csv_whose_label_is_last_needs_a_header(tmp_path):
    images = IMAGES.copy()
    images[:, 0, 0] = 0
    path = put(tmp_path / "last.csv", table(images, header=",".join([*NAMES, "label"]), last=True))
    np.testing.assert_array_equal(digits.load(path).labels, LABELS)
    digits_refused(
        put(path, table(images, last=True)), "has 0 in the first column of every row; if the label is in the last"
    )


def test_a_pair_of_csv_files(tmp_path):
    put(tmp_path / "mnist_train.csv", table(IMAGES[:30], LABELS[:30]))
    put(tmp_path / "mnist_test.csv", table(IMAGES[30:], LABELS[30:], HEADER))
    loaded = digits.load(tmp_path)
    same_digits(loaded)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert set(loaded.provenance["sha256"]) == {"mnist_train.csv", "mnist_test.csv"}


def test_the_folder_of_kaggle_is_refused_with_a_reason(tmp_path):
    folder = tmp_path / "digit-recognizer"
    put(folder / "train.csv", table(header=HEADER))
    rows = table(header=None).decode().splitlines()
    put(folder / "test.csv", "\n".join([",".join(NAMES), *(row.split(",", 1)[1] for row in rows)]))
    put(folder / "sample_submission.csv", "ImageId,Label\n1,0\n")
    digits_refused(folder, "test.csv has 784 grey values a row and no label, as Kaggle's test.csv")
    same_digits(digits.load(folder / "train.csv"))


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
    digits_refused(put(tmp_path / "bad.csv", "\n".join(change(rows)) + "\n"), told)


def test_labels_up_to_99_are_classes(tmp_path):
    labels = (np.arange(60, dtype=np.uint8) % 20) + 80
    loaded = digits.load(put(tmp_path / "letters.csv", table(np.concatenate([IMAGES, IMAGES[:20]]), labels)))
    assert loaded.labels.max() == 99
    assert loaded.provenance["images_by_label"] == dict.fromkeys(range(80, 100), 3)
    assert loaded.names is None


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
        file.truncate(2 * inputs.LARGEST)
    digits_refused(tmp_path / "sparse.csv", "at most 268,435,456 are allowed")


@given(st.binary(max_size=60), st.booleans(), st.integers(1, 3))
def test_any_bytes_are_an_array_or_are_refused_in_one_line(tmp_path_factory, content, magic, number):
    content = (bytes([0, 0, 8, number]) if magic else b"") + content
    path = put(tmp_path_factory.mktemp("idx") / "array", content)
    try:
        assert idx.read(path, number).tobytes() == content[4 + 4 * number :]
    except StageError as error:
        assert len(str(error).splitlines()) == 1
        assert "array" in str(error)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_a_header_and_its_bytes_are_read_back(tmp_path_factory, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = put(tmp_path_factory.mktemp("idx") / "array.gz", gzip.compress(idx.header(array) + array.tobytes()))
    np.testing.assert_array_equal(idx.read(path, array.ndim), array)


def emnist(folder: Path, name: str) -> None:
    """One of EMNIST's sets, its files named as in its archive: 30 pictures to train on and 10 to test on."""
    for half, part in (("train", slice(30)), ("test", slice(30, None))):
        for kind, array in (("images", IMAGES[part]), ("labels", LABELS[part])):
            content = gzip.compress(idx.header(array) + array.tobytes())
            put(folder / f"emnist-{name}-{half}-{kind}-idx{array.ndim}-ubyte.gz", content)


def test_a_set_of_emnist(tmp_path, capsys):
    emnist(tmp_path, "letters")
    put(tmp_path / "emnist-letters-mapping.txt", "".join(f"{n} {n + 65} {n + 97}\n" for n in range(26)))
    loaded = digits.load(tmp_path)
    same_digits(loaded)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert loaded.names.tolist() == ["Aa", "Bb", "Cc", "Dd", "Ee", "Ff", "Gg", "Hh", "Ii", "Jj"]
    told = capsys.readouterr().out
    assert "EMNIST's files hold their pictures transposed" in told
    assert "is read as IDX files named as emnist-letters, gzipped: 40 images, 10 classes (Aa, Bb, Cc, Dd" in told
    put_digits(tmp_path)  # MNIST's own names come first
    assert not digits.load(tmp_path).provenance["sha256"].keys() & {"emnist-letters-train-images-idx3-ubyte.gz"}


def test_sets_of_emnist_that_are_not_one_or_not_whole_are_refused(tmp_path):
    emnist(tmp_path, "letters")
    (tmp_path / "emnist-letters-test-labels-idx1-ubyte.gz").unlink()
    digits_refused(tmp_path, "has no file emnist-letters-test-labels-idx1-ubyte, plain or .gz")
    emnist(tmp_path, "digits")
    digits_refused(tmp_path, "has the sets emnist-digits, emnist-letters; put the files of one into a folder of its")
