import numpy as np
import pytest

from stages.autoencoder import baselines

GENERATOR = np.random.default_rng(0)
# Images that four numbers describe, and a little noise.
CODES = GENERATOR.random((200, 4))
IMAGES = np.clip(CODES @ GENERATOR.random((4, 784)) / 4 + GENERATOR.normal(0, 0.01, (200, 784)), 0, 1)
IMAGES = IMAGES.reshape(-1, 28, 28)


def test_fewer_of_the_components_are_those_fitted_anew():
    few, cut = baselines.PrincipalComponents(IMAGES, 2), baselines.PrincipalComponents(IMAGES, 4).cut(2)
    assert cut.encode(IMAGES).shape == (len(IMAGES), 2)
    np.testing.assert_allclose(cut.reconstruct(IMAGES), few.reconstruct(IMAGES), atol=1e-10)


def test_cross_entropy_is_keras(workdir):
    import keras

    guess = GENERATOR.random(IMAGES.shape)
    expected = float(np.mean(keras.ops.binary_crossentropy(IMAGES.astype("float32"), guess.astype("float32"))))
    assert baselines.cross_entropy(IMAGES, guess) == pytest.approx(expected, rel=1e-5)


def test_the_probe_reads_what_is_there_and_not_what_is_not():
    labels = GENERATOR.integers(0, 2, 300)
    codes = GENERATOR.normal(size=(300, 5))
    told = codes + 4 * labels[:, None]
    assert baselines.probe(told[:200], labels[:200], told[200:], labels[200:]).mean() > 0.97
    assert baselines.probe(codes[:200], labels[:200], codes[200:], labels[200:]).mean() < 0.65
