"""Data from Keras: downloaded, cached and checked by Keras itself, through its public functions.

Keras, and TensorFlow with it, is imported only here and only when this source is chosen.
"""

import os
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import own

PATIENCE = 20  # seconds without an answer from the host
SHAKESPEARE = "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt"
# imdb.load_data numbers the words from here on, the most frequent word 1 + INDEX_FROM.
PADDING, START, OUT_OF_VOCABULARY, INDEX_FROM = 0, 1, 2, 3

Half = tuple[np.ndarray, np.ndarray]


def mnist(pins: Path) -> tuple[Half, Half]:
    """MNIST.

    Args:
        pins: keras.txt.

    Returns:
        Images, uint8, shape (n, 28, 28), and labels, uint8, shape (n,): to train on, then to test on.

    Raises:
        StageError: it cannot be fetched or is not the pinned file.
    """

    def load(keras: Any) -> tuple[Half, Half]:
        return keras.datasets.mnist.load_data()

    return _ask(load, pins, "digits", "mnist.npz")


def shakespeare(pins: Path) -> str:
    """The text that TensorFlow's tutorials use.

    Raises:
        StageError: it cannot be fetched or is not the pinned file.
    """

    def load(keras: Any) -> str:
        algorithm, digest = read_pin(pins, "shakespeare.txt")
        path = keras.utils.get_file("shakespeare.txt", SHAKESPEARE, file_hash=digest, hash_algorithm=algorithm)
        return own.decode(Path(path).read_bytes(), "shakespeare.txt")

    return _ask(load, pins, "text", "shakespeare.txt")


def imdb(pins: Path) -> tuple[tuple[list[str], np.ndarray], tuple[list[str], np.ndarray]]:
    """IMDB reviews, their word numbers turned back into words.

    The file's arrays are pickled; Keras reads it, after it has checked its hash, with an unpickler that knows numpy
    arrays and nothing else.

    Returns:
        Texts, small letters without marks, and labels, 0 or 1, shape (n,): to train on, then to test on.

    Raises:
        StageError: the files cannot be fetched, are not the pinned ones, or do not belong together.
    """

    def load(keras: Any) -> tuple[tuple[list[str], np.ndarray], tuple[list[str], np.ndarray]]:
        ranks = keras.datasets.imdb.get_word_index()
        # By default Keras takes the highest number for unknown.
        (x_train, y_train), (x_test, y_test) = keras.datasets.imdb.load_data(
            num_words=sys.maxsize,
            start_char=START,
            oov_char=OUT_OF_VOCABULARY,
            index_from=INDEX_FROM,
        )
        return (texts(x_train, ranks), y_train), (texts(x_test, ranks), y_test)

    return _ask(load, pins, "reviews", "imdb.npz", "imdb_word_index.json")


def texts(reviews: Any, ranks: dict[str, int]) -> list[str]:
    """Reviews as words.

    Args:
        reviews: sequences of numbers: 0 padding, 1 start, 2 unknown, else a word's rank + 3.
        ranks: rank of each word, from 1.

    Raises:
        StageError: a number has no word.
    """
    words = {rank + INDEX_FROM: word for word, rank in ranks.items()} | {OUT_OF_VOCABULARY: "[OOV]"}
    try:
        return [" ".join(words[n] for n in review if n not in (PADDING, START)) for review in reviews]
    except KeyError as error:
        raise StageError(f"imdb_word_index.json has no word for the number {error} of imdb.npz") from error


def provenance(pins: Path, *names: str) -> dict[str, Any]:
    """What a provenance says of Keras' files: `source` and their hashes."""
    from importlib.metadata import version

    hashes = {name: ":".join(read_pin(pins, name)) for name in names}
    return {"source": f"keras=={version('keras')}, {', '.join(names)}", "hashes": hashes}


def read_pin(pins: Path, name: str) -> tuple[str, str]:
    """Hash algorithm and hash of a file in keras.txt.

    Raises:
        StageError: there is no such line.
    """
    text = own.decode(inputs.read(pins), pins)
    match = re.search(
        rf"^{re.escape(name)} (?:(sha256):([0-9a-f]{{64}})|(md5):([0-9a-f]{{32}}))\s*$", text, re.MULTILINE
    )
    if match is None:
        raise StageError(f"{pins} has no line `{name} sha256:HASH`")
    return (match[1], match[2]) if match[1] else (match[3], match[4])


def _ask(load: Callable[[Any], Any], pins: Path, dataset: str, *names: str) -> Any:
    """Let Keras load a set, and hold what it has cached against the pins."""
    import keras

    expected = {name: read_pin(pins, name) for name in names}
    patience = socket.getdefaulttimeout()
    try:
        folder = _cache()
        socket.setdefaulttimeout(PATIENCE)
        content = load(keras)
    except StageError:
        raise
    except Exception as error:  # Keras raises no more precise class when a download fails
        raise StageError(
            f"data.{dataset}: Keras cannot load {' and '.join(names)}: {' '.join(str(error).split())}; use "
            f"stages/datasets/packaged.txt, or your own data (README, Data), as data.{dataset}"
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
    for name, (algorithm, digest) in expected.items():  # another version of Keras may know another file by that name
        if (folder / name).exists() and (found := own.digest(folder / name, algorithm)) != digest:
            raise StageError(f"{folder / name} has the {algorithm} {found}, but {pins} says {digest}")
    return content


def _cache() -> Path:
    """Where Keras keeps the sets: next to its settings, which the pinned environment keeps apart from the user's.

    So this folder is a link to the usual one: what another program has downloaded is used, and the other way round.
    """
    link = Path(os.environ["KERAS_HOME"], "datasets")
    usual = link.parent.parent / "datasets"
    if not link.exists():
        usual.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(Path("..", "datasets"))
    return usual
