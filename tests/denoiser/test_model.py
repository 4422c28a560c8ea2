import keras
import numpy as np
import pytest

from stages.autoencoder import model as autoencoder
from stages.denoiser import model as network
from stages.denoiser import train
from stages.params import Params
from stages.training import networks


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_images_in_images_out(name: str, params: Params) -> None:
    images = np.random.default_rng(6).random((3, 28, 28), dtype=np.float32)
    restored = networks.apply(train.build(params, name), images)
    assert restored.shape == images.shape
    assert restored.min() >= 0 and restored.max() <= 1


def test_a_last_batch_may_be_smaller(params: Params) -> None:
    images = np.random.default_rng(9).random((5, 28, 28), dtype=np.float32)
    model = train.build(params, "dense")
    whole = networks.apply(model, images)
    np.testing.assert_allclose(networks.apply(model, images, batch=2), whole, atol=1e-6)
    np.testing.assert_allclose(networks.apply(model, images[::-1], batch=2), whole[::-1], atol=1e-6)


def test_only_dense_obeys_latent(params: Params) -> None:
    other = params.model_copy(update={"latent": params.latent + 1})
    assert shapes(train.build(params, "conv")) == shapes(train.build(other, "conv"))
    assert shapes(train.build(params, "dense")) != shapes(train.build(other, "dense"))
    assert train.settings_of(params, "conv") == train.settings_of(other, "conv")
    assert train.settings_of(params, "dense") != train.settings_of(other, "dense")


@pytest.mark.parametrize("hidden", [[], [96, 48]])
def test_with_equal_hidden_layers_dense_is_the_autoencoder(hidden: list[int]) -> None:
    dense, basic = network.dense(20, hidden), autoencoder.build(20, hidden)
    assert shapes(dense) == shapes(basic)
    assert activations(dense) == activations(basic)


def test_dense_has_the_hidden_layers_of_its_params(params: Params) -> None:
    widths = [*params.denoiser.dense.hidden, params.latent, *reversed(params.denoiser.dense.hidden), 784]
    assert [layer.units for layer in train.build(params, "dense").layers if hasattr(layer, "units")] == widths


def test_conv_sees_the_whole_image_and_every_place() -> None:
    keras.utils.set_random_seed(7)
    model = network.conv([4, 6], 16)
    images = np.zeros((2, 28, 28), np.float32)
    images[1, 0, 0] = 1  # one corner pixel
    plain, touched = model.predict(images, verbose=0)
    assert plain[27, 27] != touched[27, 27]


def shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.weights]


def activations(model: keras.Model) -> list[str]:
    return [layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")]
