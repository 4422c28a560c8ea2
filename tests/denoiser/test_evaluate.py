import numpy as np
import pytest

from stages.denoiser import evaluate


def test_quality_of_a_known_case() -> None:
    clean = np.zeros((2, 28, 28), np.float32)
    images = clean + np.array([0.1, 0.01], np.float32)[:, None, None]
    result = evaluate.quality(clean, images, seed=7)
    assert result["mse"] == pytest.approx((0.01 + 0.0001) / 2, rel=1e-5)
    assert result["psnr"] == pytest.approx((20 + 40) / 2, rel=1e-5)  # the mean of each image's, not that of the error
    low, high = result["psnr_interval"]
    assert low == pytest.approx(20, rel=1e-5) and high == pytest.approx(40, rel=1e-5)


def test_gain_of_a_constant_difference_is_certain() -> None:
    assert evaluate.gain(np.full(30, 1.5), seed=7) == {"psnr": 1.5, "psnr_interval": [1.5, 1.5]}
