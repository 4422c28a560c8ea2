import numpy as np
import pytest

from stages.denoiser.preprocess import add_noise


def test_noise_has_the_stated_moments_and_is_cut_to_the_range_of_pixels() -> None:
    images = np.full((200, 28, 28), 0.5, np.float32)
    noise = add_noise(images, 0.1, np.random.default_rng(1)) - images
    assert noise.mean() == pytest.approx(0, abs=0.001)
    assert noise.std() == pytest.approx(0.1, rel=0.01)
    assert (np.abs(noise) < 0.1).mean() == pytest.approx(0.6827, abs=0.005)  # one sigma of a normal distribution
    noisy = add_noise(np.zeros((50, 28, 28), np.float32), 0.5, np.random.default_rng(2))
    assert (noisy == 0).mean() == pytest.approx(0.5, abs=0.01)  # half of the noise on black is negative
    assert (noisy == 1).mean() == pytest.approx(0.02275, abs=0.003)  # beyond two sigma
