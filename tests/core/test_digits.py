import numpy as np
import pytest

from stages.core import artifacts, digits
from stages.core.errors import StageError
from stages.core.split import PARTS


def split_of(params, labels) -> dict:
    """The parts of digits whose first pixel is their number."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(len(labels))
    artifacts.write_npz(digits.RAW, images=images, labels=np.array(labels, np.uint8), test=np.zeros(len(labels), bool))
    return digits.split(params)


def test_every_digit_is_in_one_part_with_its_label(workdir, params):
    labels = np.arange(200) % 10
    parts = split_of(params, labels)
    numbers = {part: parts[part][:, 0, 0] for part in PARTS}
    assert [len(numbers[part]) for part in PARTS] == [170, 10, 20]
    assert sorted(np.concatenate(list(numbers.values())).tolist()) == list(range(200))
    for part, which in numbers.items():
        assert (labels[which] == parts[f"{part}_labels"]).all()


@pytest.mark.parametrize("labels", [[3] * 40, [1, 2, 3]], ids=["one digit only", "too few"])
def test_too_few_digits_are_told(workdir, params, labels):
    with pytest.raises(StageError, match="too few digits"):
        split_of(params, labels)
