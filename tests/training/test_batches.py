import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.digits import scaled
from stages.training.batches import digit_epochs, permutations
from stages.training.fit import steps_of

IMAGES = np.random.default_rng(2).integers(0, 256, (30, 28, 28)).astype(np.uint8)


@given(st.integers(1, 50), st.integers(0, 400), st.integers(1, 120))
def test_permutations_are_one_sequence_however_it_is_cut(rows, first, count):
    positions = permutations(rows, seed=7)
    whole = positions(0, first + count)
    np.testing.assert_array_equal(positions(first, first + count), whole[first:])
    for start in range(0, len(whole) - rows + 1, rows):
        assert sorted(whole[start : start + rows]) == list(range(rows))


@given(st.integers(1, 1000), st.integers(1, 50))
def test_epochs_share_all_steps(steps, epochs):
    blocks = [steps_of(epoch, steps=steps, epochs=epochs) for epoch in range(epochs)]
    assert [step for block in blocks for step in block] == list(range(steps))
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1


@pytest.fixture
def settings(params):
    changes = {"steps": 7, "epochs": 2, "batch": 10, "shifted": 0.0}
    return params.autoencoder.training.model_copy(update=changes)


def read(epochs, numbers=(0, 1)) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of all steps of some epochs, shape (steps, batch, 28, 28)."""
    pairs = [pair for number in numbers for pair in epochs(number).as_numpy_iterator()]
    return tuple(np.stack(parts) for parts in zip(*pairs, strict=True))


def test_every_digit_is_read_once_in_a_pass_whatever_the_number_of_epochs(settings):
    inputs, targets = read(digit_epochs(IMAGES, settings, seed=7))
    assert inputs.shape == (7, 10, 28, 28)
    np.testing.assert_array_equal(inputs, targets)
    one_pass = {image.tobytes() for image in targets[:3].reshape(30, 28, 28)}
    assert one_pass == {image.tobytes() for image in scaled(IMAGES)}
    whole, _ = read(digit_epochs(IMAGES, settings.model_copy(update={"epochs": 1}), seed=7), [0])
    np.testing.assert_array_equal(whole, inputs)


def test_the_input_has_the_noise_of_its_step_cut_to_the_range_of_pixels(settings):
    def noise(step: int) -> np.ndarray:
        return np.random.default_rng(step).normal(0, 0.5, (10, 28, 28)).astype(np.float32)

    epochs = digit_epochs(IMAGES, settings, seed=7, noise=noise)
    assert [len(epochs(number)) for number in (0, 1)] == [3, 4]
    inputs, targets = read(epochs)
    for step in range(7):
        np.testing.assert_array_equal(inputs[step], np.clip(targets[step] + noise(step), 0, 1))


def test_moved_digits_are_input_and_target_and_move_by_a_pixel_at_most(settings):
    settings = settings.model_copy(update={"steps": 60})
    inputs, targets = read(digit_epochs(IMAGES, settings.model_copy(update={"shifted": 0.5}), seed=7))
    _, still = read(digit_epochs(IMAGES, settings, seed=7))
    np.testing.assert_array_equal(inputs, targets)
    moves = []
    for before, after in zip(still.reshape(-1, 28, 28), targets.reshape(-1, 28, 28), strict=True):
        bordered = np.pad(before, 1)
        neighbours = [bordered[row : row + 28, column : column + 28] for row in range(3) for column in range(3)]
        moves.append(next(number for number, image in enumerate(neighbours) if np.array_equal(image, after)))
    assert set(moves) == set(range(9))
    assert np.mean(np.array(moves) != 4) == pytest.approx(0.5 * 8 / 9, abs=0.05)  # one move in nine is none
