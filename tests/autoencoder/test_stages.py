"""The autoencoder's stages on a few digits, one after the other."""

import keras
import numpy as np
import pytest

from stages.autoencoder import evaluate, preprocess, train
from stages.autoencoder import model as network
from stages.core import artifacts, digits, model_files
from stages.core.split import PARTS

GENERATOR = np.random.default_rng(0)


def test_encode_is_the_first_half_of_reconstruct():
    model, images = network.build(5, []), GENERATOR.random((6, 28, 28)).astype(np.float32)
    code = x = keras.Input((5,))
    for layer in model.layers[model.layers.index(model.get_layer("code")) + 1 :]:
        x = layer(x)
    codes, copies = network.encode(model, images), network.reconstruct(model, images)
    assert (codes.shape, copies.shape) == ((6, 5), (6, 28, 28))
    assert copies.min() > 0 and copies.max() < 1
    np.testing.assert_allclose(keras.Model(code, x).predict(codes, verbose=0), copies, atol=1e-6)


@pytest.fixture
def quick(workdir, params):
    """Params of short trainings, after a few digits were preprocessed: a bright square whose place is the label."""
    labels = np.arange(120, dtype=np.uint8) % 10
    images = GENERATOR.integers(0, 30, (120, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 8, 4:20] = 250
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=np.zeros(len(labels), bool))
    preprocess.main(params)
    content = params.model_dump() | {"latent": 4}
    content["autoencoder"]["compare_latents"] = [2, 4]
    content["autoencoder"]["training"] |= {"steps": 60, "epochs": 3, "batch": 16}
    return type(params).model_validate(content)


def test_preprocess_splits_what_it_was_given(quick):
    data, raw = artifacts.read_npz(preprocess.DATA), artifacts.read_npz(digits.RAW)["images"]
    parts = [image.tobytes() for part in PARTS for image in data[part]]
    assert sorted(parts) == sorted(image.tobytes() for image in raw)
    assert len(data["test"]) == len(data["test_labels"]) == 10


def test_a_size_is_the_same_network_wherever_it_was_trained(quick):
    """`latent` is taken over from train-sizes: it must be what training it alone would have given."""
    train.main(quick)  # models/sizes does not exist: trains
    alone = artifacts.read_bytes(preprocess.MODEL), artifacts.read_bytes(train.HISTORY)
    losses = artifacts.read_csv(train.HISTORY)["val_loss"]
    assert len(losses) == 3 and losses.iloc[-1] < losses.iloc[0]
    train.main(quick, "sizes")
    train.main(quick)  # takes over
    assert (artifacts.read_bytes(preprocess.MODEL), artifacts.read_bytes(train.HISTORY)) == alone
    train.main(quick.model_copy(update={"latent": 3}))  # is not among the sizes
    assert network.latent_of(model_files.read(preprocess.MODEL)) == 3

    evaluate.main(quick)
    metrics, evaluation = artifacts.read_json(evaluate.METRICS), artifacts.read_json(evaluate.EVALUATION)
    assert evaluation["latent"] == 3
    assert all(metrics[name] == evaluation[name] for name in evaluate.HEADLINES)
    assert metrics["minus_baseline"] == evaluation["mse_minus_pca_interval"]
    assert evaluation["bce"] == pytest.approx(evaluation["bce_floor"] + evaluation["bce_excess"], rel=1e-4)
    assert evaluation["mse_interval"][0] < metrics["mse"] < evaluation["mse_interval"][1]
    sizes, classes = (artifacts.read_csv(f"plots/autoencoder/{name}.csv") for name in ("sizes", "classes"))
    assert sizes["latent"].tolist() == [2, 2, 4, 4]
    of_classes = classes[classes["method"] == "PCA, 4"]["mse"].mean()  # one test digit of each class
    assert of_classes == pytest.approx(sizes["mse"].iloc[3], rel=1e-4)
