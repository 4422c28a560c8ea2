import numpy as np
import pytest

from stages.core import artifacts, digits
from stages.core.errors import StageError
from stages.core.split import PARTS


def test_scaled_covers_zero_to_one():
    values = digits.scaled(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [0, 0.2, 1])


def test_every_digit_is_in_one_part_with_its_label(workdir, params):
    labels = np.arange(200, dtype=np.uint8) % 10
    images = np.zeros((200, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(200)  # tells which digit it is
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=np.zeros(200, bool))
    parts = digits.split(params)
    numbers = {part: parts[part][:, 0, 0] for part in ("train", "validation", "test")}
    assert sorted(np.concatenate(list(numbers.values())).tolist()) == list(range(200))
    for part, which in numbers.items():
        assert (labels[which] == parts[f"{part}_labels"]).all()


def test_a_test_half_of_the_sources_own_is_the_test_part(workdir, params):
    labels = np.arange(200, dtype=np.uint8) % 10
    images = np.zeros((200, 28, 28), np.uint8)
    official = np.arange(200) >= 150
    images[official] = 255
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=official)
    parts = digits.split(params)
    assert {part: set(np.unique(parts[part])) for part in PARTS} == {"train": {0}, "validation": {0}, "test": {255}}
    assert {part: len(parts[part]) for part in PARTS} == {"train": 140, "validation": 10, "test": 50}


@pytest.mark.parametrize("labels", [[3] * 40, [1, 2, 3]], ids=["one digit only", "too few"])
def test_too_few_digits_are_told(workdir, params, labels):
    artifacts.write_npz(
        digits.RAW,
        images=np.zeros((len(labels), 28, 28), np.uint8),
        labels=np.array(labels, np.uint8),
        test=np.zeros(len(labels), bool),
    )
    with pytest.raises(StageError, match="too few digits"):
        digits.split(params)
