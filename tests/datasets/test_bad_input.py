"""Never fooled: bad data ends in one line that names the file, before anything is written."""

import os
from pathlib import Path

import pytest

from stages.core.errors import StageError
from stages.datasets import digits, reviews, text
from stages.sentiment import preprocess
from tests.datasets.conftest import put, put_digits, put_reviews

FILE = "train-images-idx3-ubyte"


def device(path: Path) -> None:
    """Good digits with a device under one of their names."""
    (put_digits(path) / FILE).unlink()
    (path / FILE).symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("module", "build", "told"),
    [
        *((module, lambda path: None, "input does not exist") for module in (digits, text, reviews)),
        (reviews, os.mkfifo, "is not a regular file but a pipe"),
        (text, lambda path: path.symlink_to(path.name), "cannot read .*: Too many levels of symbolic links"),
        (text, Path.mkdir, "is a folder; data.text should be a UTF-8 text file"),
        (text, lambda path: put(path, "\f\n\f\n"), "is empty"),
        (digits, Path.mkdir, "has no folders of pictures, one for each class; data.digits may be a"),
        (digits, device, f"{FILE} is not a regular file"),
        (digits, lambda path: (put_digits(path) / FILE).unlink(), "one IDX file of the train images, .* it has none"),
        (digits, lambda path: put(path / "mnist.csv", "1"), r"should have one CSV file named train\.csv; it has none"),
        (reviews, Path.mkdir, r"has no review pos/\*\.txt"),
        (reviews, lambda path: put(put_reviews(path, ("train/",)) / "test/pos/0_7.txt", "x"), "both labels with each"),
        (reviews, lambda path: put(put_reviews(path) / "pos/0_7.txt", "x"), "both beside train or test and within it"),
        (reviews, lambda path: put(put_reviews(path) / "train/neg/9_1.txt", b"\xe9"), r"neg/9_1\.txt is not UTF-8"),
    ],
)
def test_bad_input(workdir, set_source, module, build, told):
    build(workdir / "input")
    with pytest.raises(StageError, match=told) as caught:
        module.main(set_source(module.DATASET.name, workdir / "input"))
    assert len(str(caught.value).splitlines()) == 1
    assert str(workdir / "input") in str(caught.value)  # the file is named
    assert not Path("data").exists()


def test_too_few_reviews_are_told(workdir, set_source):
    params = set_source("reviews", put(workdir / "two.csv", "text,label\nGood,1\nBad,0\n"))
    reviews.main(params)
    with pytest.raises(StageError, match=r"reviews\.csv has too few different reviews \(2\)"):
        preprocess.main(params)
