import numpy as np
import pytest

from stages.autoencoder import model as network
from stages.autoencoder import preprocess, sizes, train
from stages.core import artifacts, digits, model_files

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.random((6, 28, 28)).astype(np.float32)


def test_the_network_is_the_one_that_was_asked_for():
    model = network.build(32, [])
    assert model.count_params() == 784 * 32 + 32 + 32 * 784 + 784
    assert network.latent_of(model) == 32


def test_hidden_layers_are_mirrored():
    model = network.build(8, [64, 16])
    dense = [layer.units for layer in model.layers if hasattr(layer, "units")]
    assert dense == [64, 16, 8, 16, 64, 784]


def test_shapes_and_range():
    model = network.build(5, [])
    assert network.encode(model, IMAGES).shape == (6, 5)
    images = network.reconstruct(model, IMAGES)
    assert images.shape == IMAGES.shape
    assert images.min() > 0
    assert images.max() < 1


def test_encode_is_the_first_half_of_reconstruct():
    import keras

    model = network.build(5, [])
    code = keras.Input((5,))
    x = code
    for layer in model.layers[model.layers.index(model.get_layer("code")) + 1 :]:
        x = layer(x)
    decoder = keras.Model(code, x)
    halves = decoder.predict(network.encode(model, IMAGES), verbose=0)
    np.testing.assert_allclose(halves, network.reconstruct(model, IMAGES), atol=1e-6)


@pytest.fixture
def some_digits(workdir) -> None:
    """A few digits where the stages look for them: a bright square whose place is the label."""
    labels = np.arange(120, dtype=np.uint8) % 10
    images = GENERATOR.integers(0, 30, (120, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 8, 4:20] = 250
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=np.zeros(len(labels), bool))


def quick(params, **changes):
    section = params.autoencoder
    training = section.training.model_copy(update={"steps": 60, "epochs": 3, "batch": 16})
    section = section.model_copy(update={"training": training, "compare_latents": [2, 4]})
    return params.model_copy(update={"autoencoder": section, **changes})


def test_preprocess_splits_what_it_was_given(some_digits, params):
    preprocess.main(params)
    data = artifacts.read_npz(preprocess.OUTPUT)
    raw = artifacts.read_npz(digits.RAW)["images"]
    parts = [image.tobytes() for part in ("train", "validation", "test") for image in data[part]]
    assert sorted(parts) == sorted(image.tobytes() for image in raw)
    assert len(data["test"]) == len(data["test_labels"]) == 10


def test_a_size_is_the_same_network_wherever_it_was_trained(some_digits, params):
    """`latent` is taken over from train-sizes: it must be what training it alone would have given."""
    preprocess.main(params)
    train.main(quick(params, latent=4))  # models/sizes does not exist: trains
    alone = artifacts.read_bytes(train.MODEL), artifacts.read_bytes(train.HISTORY)
    sizes.main(quick(params))
    train.main(quick(params, latent=4))  # takes over
    assert (artifacts.read_bytes(train.MODEL), artifacts.read_bytes(train.HISTORY)) == alone
    assert network.latent_of(model_files.read(train.MODEL)) == 4


def test_a_size_that_was_not_compared_is_trained(some_digits, params):
    preprocess.main(params)
    sizes.main(quick(params))
    train.main(quick(params, latent=3))
    assert network.latent_of(model_files.read(train.MODEL)) == 3


def test_training_learns(some_digits, params):
    preprocess.main(params)
    train.main(quick(params, latent=4))
    losses = [float(line.split(",")[2]) for line in artifacts.read_text(train.HISTORY).splitlines()[1:]]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
