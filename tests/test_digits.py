import numpy as np

from stages import artifacts, digits


def test_scaled_covers_zero_to_one():
    values = digits.scaled(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [0, 0.2, 1])


def test_every_digit_is_in_one_part_with_its_label(workdir, params):
    labels = np.arange(200, dtype=np.uint8) % 10
    images = np.zeros((200, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(200)  # tells which digit it is
    artifacts.write_npz(digits.RAW, images=images, labels=labels)
    parts = digits.split(params)
    numbers = {part: parts[part][:, 0, 0] for part in ("train", "validation", "test")}
    assert sorted(np.concatenate(list(numbers.values())).tolist()) == list(range(200))
    for part, which in numbers.items():
        assert (labels[which] == parts[f"{part}_labels"]).all()
