import numpy as np
import pytest

from stages.core import image_quality
from stages.denoiser import baselines
from stages.denoiser.preprocess import add_noise


@pytest.fixture
def squares() -> np.ndarray:
    images = np.zeros((4, 28, 28), np.float32)
    for number, image in enumerate(images):
        image[8 : 16 + number, 8:18] = 1
    return images


def test_median_of_a_hand_computed_case() -> None:
    image = np.array([[[0, 0.1, 0.2], [0.9, 1, 0.3], [0.4, 0.5, 0.6]]], np.float32)
    assert baselines.median(image)[0, 1, 1] == np.float32(0.4)


@pytest.mark.parametrize("value", [0.0, 0.3])
@pytest.mark.parametrize("std", [0.1, 1.0])
def test_clipped_moments_are_those_of_simulated_noise(value: float, std: float) -> None:
    sample = add_noise(np.full(400_000, value, np.float32), std, np.random.default_rng(3))
    mean, deviation = baselines.clipped_moments(np.array([value]), std)
    assert mean[0] == pytest.approx(sample.mean(), abs=0.003)
    assert deviation[0] == pytest.approx(sample.std(), abs=0.003)


@pytest.mark.parametrize("name", list(baselines.METHODS))
def test_filters_clean_a_flat_shape(name: str, squares: np.ndarray) -> None:
    noisy = add_noise(squares, 0.3, np.random.default_rng(4))
    setting = baselines.tune(name, squares, noisy, 0.3)
    restored = baselines.METHODS[name](noisy, 0.3, **setting)
    assert restored.shape == squares.shape
    assert restored.min() >= 0 and restored.max() <= 1
    assert image_quality.psnr(squares, restored).mean() > image_quality.psnr(squares, noisy).mean() + 3
