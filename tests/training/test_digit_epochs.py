import numpy as np
import pytest

from stages.core.digits import scaled
from stages.training import augment
from stages.training.digit_epochs import digit_epochs

IMAGES = np.random.default_rng(2).integers(0, 256, (30, 28, 28)).astype(np.uint8)


@pytest.fixture
def settings(params):
    changes = {"steps": 7, "epochs": 2, "batch": 10, "shifted": 0.0}
    return params.autoencoder.training.model_copy(update=changes)


def read(epochs, numbers) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of all steps of some epochs, shape (steps, batch, 28, 28)."""
    pairs = [pair for number in numbers for pair in epochs(number).as_numpy_iterator()]
    return tuple(np.stack(parts) for parts in zip(*pairs, strict=True))


def test_every_digit_is_read_once_in_a_pass_exactly_scaled(settings):
    inputs, targets = read(digit_epochs(IMAGES, settings, seed=7), (0, 1))
    assert inputs.shape == (7, 10, 28, 28)
    np.testing.assert_array_equal(inputs, targets)
    one_pass = {image.tobytes() for image in targets[:3].reshape(30, 28, 28)}
    assert one_pass == {image.tobytes() for image in scaled(IMAGES)}


def test_epochs_do_not_depend_on_how_many_there_are(settings):
    whole, _ = read(digit_epochs(IMAGES, settings.model_copy(update={"epochs": 1}), seed=7), [0])
    parts, _ = read(digit_epochs(IMAGES, settings, seed=7), (0, 1))
    np.testing.assert_array_equal(whole, parts)


def test_a_known_length(settings):
    epochs = digit_epochs(IMAGES, settings, seed=7, noise=lambda step: np.zeros((10, 28, 28), np.float32))
    assert [len(epochs(number)) for number in (0, 1)] == [3, 4]


def test_the_input_has_the_noise_of_its_step_cut_to_the_range_of_pixels(settings):
    def noise(step: int) -> np.ndarray:
        return np.random.default_rng(step).normal(0, 0.5, (10, 28, 28)).astype(np.float32)

    inputs, targets = read(digit_epochs(IMAGES, settings, seed=7, noise=noise), (0, 1))
    for step in range(7):
        np.testing.assert_array_equal(inputs[step], np.clip(targets[step] + noise(step), 0, 1))


def test_moved_digits_are_both_input_and_target(settings):
    moved = settings.model_copy(update={"shifted": 1.0})
    inputs, targets = read(digit_epochs(IMAGES, moved, seed=7), (0, 1))
    np.testing.assert_array_equal(inputs, targets)
    _, still = read(digit_epochs(IMAGES, settings, seed=7), (0, 1))
    for step in range(7):
        offsets = augment.offsets(10, 1.0, seed=7, step=step)
        np.testing.assert_array_equal(targets[step], augment.windows(augment.padded(still[step]), offsets))
