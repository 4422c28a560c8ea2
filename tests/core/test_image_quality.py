import numpy as np

from stages.core import image_quality

IMAGES = np.random.default_rng(0).random((3, 28, 28))


def test_psnr_of_a_known_error():
    clean = np.zeros((2, 28, 28))
    np.testing.assert_allclose(image_quality.psnr(clean, clean + 0.1), [20, 20])
    np.testing.assert_allclose(image_quality.mse(clean, clean + 0.1), [0.01, 0.01])


def test_equal_images():
    assert image_quality.psnr(IMAGES, IMAGES).tolist() == [100] * 3
    np.testing.assert_allclose(image_quality.ssim(IMAGES, IMAGES), 1)


def test_ssim_falls_with_noise():
    noise = np.random.default_rng(1).normal(size=IMAGES.shape)
    little, much = (image_quality.ssim(IMAGES, IMAGES + scale * noise) for scale in (0.05, 0.5))
    assert (little > much).all()
