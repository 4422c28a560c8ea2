import numpy as np
import pytest

from stages.training import augment

DIGITS = np.random.default_rng(4).random((300, 28, 28), dtype=np.float32)


def shifted(images: np.ndarray, share: float, *, seed: int, step: int) -> np.ndarray:
    """As a batch is moved in training."""
    offsets = augment.offsets(len(images), share, seed=seed, step=step)
    return augment.windows(augment.padded(images), offsets).numpy()


def neighbours(image: np.ndarray) -> list[bytes]:
    """The image moved by -1, 0 and 1 pixel down and to the right, in bytes; the middle one is not moved."""
    padded = np.pad(image, 1)
    return [padded[row : row + 28, column : column + 28].tobytes() for row in range(3) for column in range(3)]


def test_images_move_by_a_pixel_at_most_and_in_every_direction():
    images = shifted(DIGITS, 1, seed=7, step=0)
    assert (images.shape, images.dtype) == (DIGITS.shape, DIGITS.dtype)
    moves = [neighbours(before).index(after.tobytes()) for before, after in zip(DIGITS, images, strict=True)]
    assert set(moves) == set(range(9))


def test_a_share_of_nothing_leaves_the_images_alone():
    np.testing.assert_array_equal(shifted(DIGITS, 0, seed=7, step=0), DIGITS)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_about_that_share_is_moved(share):
    images = shifted(DIGITS, share, seed=7, step=0)
    moved = (images != DIGITS).any(axis=(1, 2)).mean()
    assert moved == pytest.approx(share * 8 / 9, abs=0.1)  # one move in nine is none


def test_equal_seed_and_step_move_equally_and_others_do_not():
    first = shifted(DIGITS, 0.5, seed=7, step=3)
    np.testing.assert_array_equal(first, shifted(DIGITS, 0.5, seed=7, step=3))
    assert not np.array_equal(first, shifted(DIGITS, 0.5, seed=7, step=4))
    assert not np.array_equal(first, shifted(DIGITS, 0.5, seed=8, step=3))
