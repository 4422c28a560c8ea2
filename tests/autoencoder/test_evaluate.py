import numpy as np
import pytest

from stages.autoencoder import evaluate


def test_quality_is_the_mean_over_images():
    clean = np.zeros((2, 28, 28))
    images = np.stack([np.full((28, 28), 0.1), np.full((28, 28), 0.01)])
    told = evaluate.quality(clean, images)
    assert told["mse"] == pytest.approx((0.01 + 0.0001) / 2)
    assert told["psnr"] == pytest.approx((20 + 40) / 2)
    assert 0 < told["ssim"] < 1


def test_errors_by_class():
    rows = evaluate.by_class(np.array([1.0, 2.0, 3.0]), np.array([5, 0, 5]))
    assert rows == [{"digit": 0, "mse": 2.0}, {"digit": 5, "mse": 2.0}]
