import numpy as np
import pytest
from skimage.metrics import structural_similarity

from stages.core import image_quality

IMAGES = np.random.default_rng(0).random((3, 28, 28))


def test_psnr_of_a_known_error():
    clean = np.zeros((2, 28, 28))
    np.testing.assert_allclose(image_quality.psnr(clean, clean + 0.1), [20, 20])
    np.testing.assert_allclose(image_quality.mse(clean, clean + 0.1), [0.01, 0.01])
    images = clean + np.array([0.1, 0.01])[:, None, None]
    means = image_quality.means(clean, images)  # of PSNR the mean of each image's, not that of the mean error
    assert (means["mse"], means["psnr"]) == pytest.approx(((0.01 + 0.0001) / 2, (20 + 40) / 2))
    assert image_quality.psnr(IMAGES, IMAGES).tolist() == [100] * 3  # not infinite


def test_ssim_is_scikit_images(monkeypatch):
    monkeypatch.setattr(image_quality, "BLOCK", 2)
    images = np.random.default_rng(1).random(IMAGES.shape)
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = [structural_similarity(one, other, **options) for one, other in zip(IMAGES, images, strict=True)]
    np.testing.assert_allclose(image_quality.ssim(IMAGES, images), expected, rtol=1e-12)
