import numpy as np
import pytest

from stages.core import artifacts, digits
from stages.core.errors import StageError
from stages.core.split import PARTS


def split_of(params, labels, official=0) -> dict:
    """The parts of digits whose first pixel is their number, the last `official` of them set apart for testing."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(len(labels))
    test = np.arange(len(labels)) >= len(labels) - official
    artifacts.write_npz(digits.RAW, images=images, labels=np.array(labels, np.uint8), test=test)
    return digits.split(params)


@pytest.mark.parametrize(("official", "counts"), [(0, [170, 10, 20]), (50, [140, 10, 50])])
def test_every_digit_is_in_one_part_with_its_label(workdir, params, official, counts):
    labels = np.arange(200) % 10
    parts = split_of(params, labels, official)
    numbers = {part: parts[part][:, 0, 0] for part in PARTS}
    assert [len(numbers[part]) for part in PARTS] == counts
    assert sorted(np.concatenate(list(numbers.values())).tolist()) == list(range(200))
    for part, which in numbers.items():
        assert (labels[which] == parts[f"{part}_labels"]).all()
    if official:
        assert numbers["test"].min() == 150


@pytest.mark.parametrize("labels", [[3] * 40, [1, 2, 3]], ids=["one digit only", "too few"])
def test_too_few_digits_are_told(workdir, params, labels):
    with pytest.raises(StageError, match="too few digits"):
        split_of(params, labels)
