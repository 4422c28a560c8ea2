"""Never fooled: bad data ends in one line that names the file; what was there stays, the next good run succeeds."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core.errors import StageError
from stages.datasets import digits, reviews, text
from stages.sentiment import preprocess
from tests.datasets.conftest import put, put_digits, put_reviews

MODULES = {"digits": digits, "text": text, "reviews": reviews}
GOOD = {
    "digits": put_digits,
    "text": lambda path: put(path, "HAMLET:\nTo be, or not to be.\n"),
    "reviews": put_reviews,
}
FILE = "train-images-idx3-ubyte"


def instead(dataset: str, name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    """A good folder with something else under one of its names."""

    def build(path: Path) -> None:
        file = GOOD[dataset](path) / name
        file.unlink(missing_ok=True)
        make(file)

    return build


CASES = [
    *((dataset, lambda path: None, "input does not exist") for dataset in MODULES),
    ("reviews", os.mkfifo, "is not a regular file but a pipe"),
    ("text", lambda path: path.symlink_to(path.name), "cannot read .*: Too many levels of symbolic links"),
    ("digits", Path.mkdir, "is none of what data.digits may be: a folder with MNIST's IDX files"),
    ("digits", instead("digits", FILE, lambda path: path.symlink_to("/dev/zero")), f"{FILE} is not a regular file"),
    ("digits", lambda path: (put_digits(path) / FILE).unlink(), "one IDX file of the train images, .* it has none"),
    ("text", lambda path: put(path, "\f\n\f\n"), "is empty"),
    ("reviews", Path.mkdir, r"has no review pos/\*\.txt"),
    (
        "reviews",
        lambda path: put(put_reviews(path, ("train/",)) / "test/pos/0_7.txt", "x"),
        "should have both labels with each split",
    ),
    ("reviews", instead("reviews", "train/neg/9_1.txt", lambda path: put(path, b"\xe9")), r"neg/9_1\.txt is not UTF-8"),
]


def outputs() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("data").rglob("*")) if path.is_file()}


@pytest.fixture
def before(workdir, set_source) -> dict[str, bytes]:
    """Good outputs of an earlier run, that no bad one may touch."""
    for dataset, module in MODULES.items():
        module.main(set_source(dataset, GOOD[dataset](Path(f"good {dataset}"))))
    return outputs()


@pytest.mark.parametrize(("dataset", "build", "told"), CASES)
def test_bad_input(before, workdir, set_source, dataset, build, told):
    (workdir / "bad").mkdir()
    build(Path("bad/input"))
    with pytest.raises(StageError, match=told) as caught:
        MODULES[dataset].main(set_source(dataset, "bad/input"))
    assert len(str(caught.value).splitlines()) == 1
    assert "bad/" in str(caught.value)  # the file is named
    assert outputs() == before
    MODULES[dataset].main(set_source(dataset, f"good {dataset}"))
    assert outputs() == before


def test_too_few_reviews_are_told(workdir, set_source):
    params = set_source("reviews", put(workdir / "two.csv", "text,label\nGood,1\nBad,0\n"))
    reviews.main(params)
    with pytest.raises(StageError, match=r"reviews\.csv has too few different reviews \(2\)"):
        preprocess.main(params)
