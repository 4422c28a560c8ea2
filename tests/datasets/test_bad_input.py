"""Never fooled: bad data ends in one line that names the file; what was there stays, the next good run succeeds."""

import contextlib
import io
import os
import resource
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import digits, reviews, text
from tests.conftest import REPOSITORY
from tests.datasets.conftest import put, put_digits, put_reviews, tar

MODULES = {"digits": digits, "text": text, "reviews": reviews}
GOOD = {
    "digits": put_digits,
    "text": lambda path: put(path, "HAMLET:\nTo be, or not to be.\n"),
    "reviews": put_reviews,
}
FILE = "train-images-idx3-ubyte"


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def alone(make: Callable[[Path], object]) -> Callable[[Path], Path]:
    """Nothing but what `make` makes at the path."""
    return lambda path: (make(path), path)[1]


def instead(dataset: str, name: str, make: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A good folder with something else under one of its names."""

    def build(path: Path) -> Path:
        file = GOOD[dataset](path) / name
        file.unlink(missing_ok=True)
        make(file)
        return path

    return build


def without(folder: str) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        for file in (put_reviews(path) / folder).iterdir():
            file.unlink()
        return path

    return build


def archived(name: str, content: bytes) -> Callable[[Path], Path]:
    """A good archive with one member more."""
    return lambda path: tar(put_reviews(path / "good"), path / "more.tar.gz", (tarfile.TarInfo(name), content))


CASES = [
    *((dataset, lambda path: path / "nowhere", "nowhere does not exist") for dataset in MODULES),
    *((dataset, alone(loop), "cannot read .*: Too many levels of symbolic links") for dataset in MODULES),
    *((dataset, alone(os.mkfifo), "is not a regular file but a pipe") for dataset in MODULES),
    *((dataset, alone(device), "is not a regular file") for dataset in MODULES),
    ("digits", alone(Path.mkdir), "is none of what data.digits may be: a folder with MNIST's IDX files"),
    ("digits", instead("digits", FILE, os.mkfifo), f"{FILE} is not a regular file"),
    ("digits", instead("digits", FILE, device), f"{FILE} is not a regular file"),
    ("digits", instead("digits", FILE, Path.mkdir), f"{FILE} is a folder"),
    ("text", alone(Path.mkdir), "is a folder; data.text should be a UTF-8 text file"),
    ("text", lambda path: path.parent / ("x" * 300), "cannot read .*: File name too long"),
    ("text", alone(lambda path: put(path, "\f\n\f\n")), "is empty"),
    ("reviews", alone(Path.mkdir), r"has no review pos/\*\.txt"),
    ("reviews", without("train/neg"), r"has no review train/neg/\*\.txt"),
    ("reviews", without("test/pos"), r"has no review test/pos/\*\.txt"),
    ("reviews", instead("reviews", "pos/1_1.txt", lambda path: put(path, "Good")), "has pos and neg both beside train"),
    ("reviews", instead("reviews", "train/neg/9_1.txt", lambda path: put(path, "&nbsp;")), r"9_1\.txt is empty"),
    ("reviews", instead("reviews", "train/neg/9_1.txt", lambda path: put(path, b"\xe9")), r"neg/9_1\.txt is not UTF-8"),
    ("reviews", instead("reviews", "train/neg/9_1.txt", os.mkfifo), r"9_1\.txt is not a regular file"),
    ("reviews", archived("aclImdb/train/pos/0_7.txt", b"x"), "holds train/pos/0_7.txt twice"),
    ("reviews", archived("aclImdb/train/pos/1_1.txt", b""), r"more\.tar\.gz/train/pos/1_1\.txt is empty"),
    ("reviews", archived("aclImdb/no review", bytes(3_000_000)), r"more\.tar\.gz unpacks to more than 2,000,000 bytes"),
]


def outputs() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("data").rglob("*")) if path.is_file()}


@pytest.fixture
def before(workdir, set_source) -> dict[str, bytes]:
    """Good outputs of an earlier run, that no bad one may touch."""
    for dataset, module in MODULES.items():
        module.main(set_source(dataset, GOOD[dataset](Path(f"good {dataset}"))))
    return outputs()


@pytest.mark.parametrize("case", CASES)
def test_bad_input(before, workdir, set_source, monkeypatch, case):
    dataset, build, told = case
    monkeypatch.setattr(inputs, "LARGEST", 2_000_000 if "unpacks" in told else inputs.LARGEST)  # to keep the bomb small
    (workdir / "bad").mkdir()
    with pytest.raises(StageError, match=told) as caught:
        MODULES[dataset].main(set_source(dataset, build(Path("bad/input"))))
    assert len(str(caught.value).splitlines()) == 1
    assert "bad/" in str(caught.value)  # the file is named
    assert outputs() == before
    MODULES[dataset].main(set_source(dataset, f"good {dataset}"))
    assert outputs() == before


@pytest.mark.parametrize("dataset", MODULES)
def test_a_full_disk(before, set_source, dataset):
    """A limit on the size of a file: what the kernel answers is told in the same way."""
    everything = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, everything[1]))
    try:  # pytest's own record of what is printed is a file too
        with (
            contextlib.redirect_stdout(io.StringIO()),
            pytest.raises(StageError, match=r"cannot write .* File too large"),
        ):
            MODULES[dataset].main(set_source(dataset, f"good {dataset}"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, everything)
    assert outputs() == before


def as_nobody(act: Callable[[], None]) -> str:
    """What `act` raises as a StageError when a user without rights does it."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        told = "nothing"
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            act()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, told.encode())
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, encoding="utf-8") as pipe:
        return pipe.read()


@pytest.mark.parametrize("dataset", MODULES)
def test_a_folder_that_may_not_be_written(before, workdir, set_source, dataset):
    workdir.chmod(0o555)
    for path in workdir.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    told = as_nobody(lambda: MODULES[dataset].main(set_source(dataset, f"good {dataset}")))
    for path in [workdir, *workdir.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    assert told == f"StageError: cannot write {MODULES[dataset].OUTPUT}: Permission denied"
    assert outputs() == before


@pytest.mark.parametrize(
    ("dataset", "locked"),
    [("digits", ""), ("digits", FILE), ("text", ""), ("reviews", ""), ("reviews", "test"), ("reviews", "train/neg")],
)
def test_a_file_that_may_not_be_read(before, workdir, set_source, dataset, locked):
    for path in [workdir, *workdir.rglob("*")]:
        path.chmod(0o755)
    path = Path(f"good {dataset}", locked)
    path.chmod(0)
    told = as_nobody(lambda: MODULES[dataset].load(Path(f"good {dataset}")))
    path.chmod(0o755)
    assert told == f"StageError: cannot read {path}: Permission denied"


@pytest.mark.parametrize("dataset", MODULES)
def test_the_command_fails_with_one_line_and_leaves_what_was_there(before, workdir, content, dataset):
    import yaml

    (workdir / "stages").symlink_to(REPOSITORY / "stages")
    content["data"][dataset] = "no such data"
    put(workdir / "params.yaml", yaml.safe_dump(content))
    command = [sys.executable, "-m", f"stages.datasets.{dataset}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert first == "error: no such data does not exist"
    assert "to get the previous results back" in second
    assert outputs() == before


def test_a_path_that_is_not_utf_8_is_written_as_it_can_be(workdir, set_source):
    from stages.core import artifacts

    folder = workdir / b"caf\xe9".decode("utf-8", "surrogateescape")
    digits.main(set_source("digits", put_digits(folder)))
    assert artifacts.read_json(digits.PROVENANCE)["source"].endswith("caf\\udce9")


def test_data_too_small_for_the_tasks_is_told(workdir, set_source):
    from stages.sentiment import preprocess as sentiment
    from stages.textgen import preprocess as textgen

    text.main(set_source("text", put(workdir / "one.txt", "x")))
    with pytest.raises(StageError, match=r"data/raw/text\.txt is too short: nothing is left for"):
        textgen.main(set_source("text", "one.txt"))
    params = set_source("reviews", put(workdir / "two.csv", "text,label\nGood,1\nBad,0\n"))
    reviews.main(params)
    with pytest.raises(StageError, match=r"reviews\.csv has too few different reviews \(2\)"):
        sentiment.main(params)
