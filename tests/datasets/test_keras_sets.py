"""Keras' sets, in small: its own functions read files in the official formats; only the download is replaced."""

import hashlib
import inspect
import json
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digits, keras_sets, reviews, text
from tests.conftest import REPOSITORY
from tests.datasets.conftest import IMAGES, LABELS, put

PINS = REPOSITORY / "stages/datasets/keras.txt"
RANKS = {"the": 1, "film": 2, "good": 3, "bad": 4, "naïve": 5}


class Payload:
    """Creates a file when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("made"),))


def ragged(*reviews: object) -> np.ndarray:
    """As imdb.npz holds its reviews: an array of objects, which numpy pickles."""
    array = np.empty(len(reviews), object)
    array[:] = reviews
    return array


def put_imdb(path: Path, *x_train: object) -> None:
    x_train = x_train or ([1, 2, 3], [1, 2, 4], [5])
    np.savez(
        path,
        x_train=ragged(*x_train),
        y_train=np.array([1, 0, 1][: len(x_train)]),
        x_test=ragged([3, 3], [4]),
        y_test=np.array([1, 0]),
    )


@pytest.fixture
def cache(workdir, monkeypatch) -> Path:
    """Keras' cache with small files in the official formats."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(workdir / "cache" / "reprise"))
    monkeypatch.setenv("KERAS_HOME", str(workdir / "cache" / "reprise"))
    folder = workdir / "cache" / "datasets"
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", x_train=IMAGES[:30], y_train=LABELS[:30], x_test=IMAGES[30:], y_test=LABELS[30:])
    put_imdb(folder / "imdb.npz")
    put(folder / "imdb_word_index.json", json.dumps(RANKS))
    put(folder / "shakespeare.txt", "First Citizen:\nBefore we proceed\n")
    return folder


@pytest.fixture
def small(cache, monkeypatch) -> Path:
    """Pins of these small files, and a get_file that takes them as they are: their hashes are not the official ones."""
    import keras

    def get_file(fname: str, origin: str, **_: object) -> str:
        assert origin.startswith("https://")
        return str(cache / fname)

    for module in ("keras.src.datasets.mnist", "keras.src.datasets.imdb", "keras.utils"):
        monkeypatch.setattr(f"{module}.get_file", get_file)
    assert keras.utils.get_file is get_file
    return pins_of(cache)


def pins_of(cache: Path) -> Path:
    lines = []
    for path in sorted(cache.iterdir()):
        algorithm = "md5" if path.suffix == ".json" else "sha256"
        lines.append(f"{path.name} {algorithm}:{hashlib.new(algorithm, path.read_bytes()).hexdigest()}\n")
    return put(cache.parent.parent / "keras.txt", "".join(lines))


def test_the_pins_are_the_hashes_keras_checks():
    from keras.src.datasets import imdb, mnist

    for name, module in {"mnist.npz": mnist, "imdb.npz": imdb, "imdb_word_index.json": imdb}.items():
        assert keras_sets.read_pin(PINS, name)[1] in inspect.getsource(module)
    assert keras_sets.read_pin(PINS, "shakespeare.txt")[0] == "sha256"


def test_mnist_keeps_its_halves(small):
    loaded = digits.load(small)
    np.testing.assert_array_equal(loaded.images, IMAGES)
    np.testing.assert_array_equal(loaded.labels, LABELS)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert "mnist.npz" in loaded.provenance["hashes"]


def test_shakespeare_is_one_document(small):
    assert text.load(small).documents == ["First Citizen:\nBefore we proceed"]


def test_imdb_numbers_become_words(small):
    loaded = reviews.load(small)
    told = dict(
        zip(loaded.texts, zip(loaded.labels, loaded.test, strict=True), strict=True)
    )  # Keras shuffles each half
    assert told == {
        "the film good": (1, False),
        "the film bad": (0, False),
        "naïve": (1, False),  # the highest number: by default Keras would call it unknown
        "good good": (1, True),
        "bad": (0, True),
    }
    assert loaded.test == [False] * 3 + [True] * 2


def test_padding_and_start_are_no_words():
    assert keras_sets.texts([[0, 0, 1, 4, 2, 5]], RANKS) == ["the [OOV] film"]


@pytest.mark.parametrize("module", [digits, text, reviews])
def test_keras_sets_are_written_as_any_other(small, set_source, module):
    name = module.__name__.split(".")[-1]
    module.main(set_source(name, small))
    assert artifacts.read_json(module.PROVENANCE)["source"].startswith("keras==")
    assert Path(module.OUTPUT).stat().st_size > 0


def test_the_cache_is_keras_usual_one_and_its_settings_stay_unread():
    import keras
    from keras.src.backend import config

    assert config.keras_home() == str(Path("~/.keras/reprise").expanduser())
    assert keras.config.floatx() == "float32"


def test_a_download_goes_into_the_cache(cache, monkeypatch):
    (cache / "shakespeare.txt").rename(cache / "served.txt")

    def urlretrieve(origin: str, target: str, _: object) -> None:
        assert origin == keras_sets.SHAKESPEARE
        Path(target).write_bytes((cache / "served.txt").read_bytes())

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", urlretrieve)
    pins = put(cache.parent / "keras.txt", f"shakespeare.txt sha256:{digest(cache / 'served.txt')}\n")
    assert text.load(pins).documents == ["First Citizen:\nBefore we proceed"]
    assert (cache / "shakespeare.txt").exists()
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", None)
    assert text.load(pins).documents == ["First Citizen:\nBefore we proceed"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def unplugged(monkeypatch):
    def urlretrieve(*_: object) -> None:
        raise urllib.error.URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", urlretrieve)


@pytest.mark.parametrize("module", [digits, text, reviews])
def test_no_network_names_dataset_cause_and_ways_out(cache, unplugged, module):
    for path in cache.iterdir():
        path.unlink()
    name = module.__name__.split(".")[-1]
    with pytest.raises(StageError) as caught:
        module.load(PINS)
    told = str(caught.value)
    assert told.startswith(f"data.{name}: Keras cannot load ")
    assert "Name or service not known" in told
    assert "stages/datasets/packaged.txt, or your own data" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("module", [digits, text, reviews])
def test_a_file_of_another_hash_is_not_read(cache, unplugged, module, capsys):
    put_imdb(cache / "imdb.npz", [Payload()], [1, 2])
    with pytest.raises(StageError, match=r"Keras cannot load .* URL fetch failure"):  # it would download it again
        module.load(PINS)
    assert not Path("made").exists()


def test_an_imdb_file_with_other_objects_than_arrays_is_refused_by_keras(small, cache):
    put_imdb(cache / "imdb.npz", Payload(), [1, 2])
    with pytest.raises(StageError, match=r"data\.reviews: .*Refusing to deserialize `pathlib"):
        reviews.load(pins_of(cache))
    assert not Path("made").exists()


@pytest.mark.parametrize(
    ("module", "name", "content", "told"),
    [
        (digits, "mnist.npz", b"no zip", "Keras cannot load mnist.npz"),
        (reviews, "imdb.npz", b"no zip", "Keras cannot load imdb.npz"),
        (reviews, "imdb_word_index.json", b"[", "Keras cannot load imdb.npz and imdb_word_index.json"),
        (reviews, "imdb_word_index.json", b'{"the": 1}', r"imdb_word_index\.json has no word for the number"),
        (text, "shakespeare.txt", b"\xff\xff", r"shakespeare\.txt is not UTF-8"),
    ],
)
def test_a_broken_file_is_told(small, cache, module, name, content, told):
    put(cache / name, content)
    with pytest.raises(StageError, match=told):
        module.load(pins_of(cache))


def test_a_pin_that_keras_does_not_share_is_told(small, cache):
    put(small, small.read_text(encoding="utf-8").replace(digest(cache / "mnist.npz"), "0" * 64))
    with pytest.raises(StageError, match=r"mnist\.npz has the sha256 .* says 0000"):
        digits.load(small)
    with pytest.raises(StageError, match=r"keras\.txt has no line `shakespeare\.txt sha256:HASH`"):
        text.load(put(small, "shakespeare.txt 123\n"))
