import numpy as np
import pytest

from stages.denoiser import situations
from stages.denoiser.situations import DEGRADATIONS


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    grey = np.zeros((40, 28, 28), np.float32)
    grey[:, 4:24, 4:24] = np.random.default_rng(0).random((40, 20, 20), dtype=np.float32)
    return grey


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_damage_is_an_image_again_grows_with_its_strength_and_spares_the_original(images, kind):
    _, degrade, strengths = DEGRADATIONS[kind]
    before, errors = images.copy(), []
    for strength in strengths:
        seen = degrade(images, strength, np.random.default_rng(7))
        assert seen.shape == images.shape
        assert seen.dtype == np.float32
        assert seen.min() >= 0 and seen.max() <= 1
        assert np.array_equal(seen, degrade(images, strength, np.random.default_rng(7)))
        errors.append(float(np.mean((seen - images) ** 2)))
    assert np.array_equal(images, before)
    assert 0 < errors[0] < errors[1] < errors[2]


def test_specks_hit_the_share_they_are_told(images):
    white = np.full((50, 28, 28), 0.5, np.float32)
    seen = situations.salt_and_pepper(white, 0.2, np.random.default_rng(1))
    assert np.mean(seen != 0.5) == pytest.approx(0.2, abs=0.01)
    assert set(np.unique(seen)) == {0, 0.5, 1}


def test_a_covered_square_is_black_and_whole():
    white = np.ones((30, 28, 28), np.float32)
    seen = situations.covered(white, 6, np.random.default_rng(1))
    assert np.all((seen == 0).sum(axis=(1, 2)) == 36)


def test_coarse_pixels_keep_the_mean(images):
    for side in (2, 4, 7):
        seen = situations.coarse(images, side, np.random.default_rng(1))
        assert seen.mean() == pytest.approx(images.mean(), rel=1e-5)
        assert np.array_equal(seen[:, ::side, ::side], seen[:, side - 1 :: side, side - 1 :: side])


def test_other_peoples_digits_have_the_form_of_mnist():
    images, labels = situations.other_digits()
    assert images.shape == (1797, 28, 28)
    assert images.dtype == np.float32
    assert set(labels) == set(range(10))
    assert images.min() == 0 and images.max() == 1
    places = np.arange(28) - 13.5
    for axis in (1, 2):
        means = (images.sum(axis=3 - axis) * places).sum(axis=1) / images.sum(axis=(1, 2))
        assert np.abs(means).max() < 0.6  # the centre of mass is in the middle, to half a pixel
    assert np.mean(images > 0.5) < 0.25  # light on dark
