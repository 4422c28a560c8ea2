import numpy as np
import pytest

from stages.autoencoder import model as autoencoder
from stages.core import artifacts, digits, model_files
from stages.denoiser import evaluate, preprocess, train
from stages.denoiser import model as network
from stages.params import Params
from stages.training import layers

IMAGES = np.random.default_rng(8).random((20, 28, 28), dtype=np.float32)


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_a_network_restores_images_and_a_last_batch_may_be_smaller(name: str, params: Params) -> None:
    model = train.build(params, name)
    whole = layers.apply(model, IMAGES[:5])
    assert whole.shape == (5, 28, 28)
    assert whole.min() >= 0 and whole.max() <= 1
    np.testing.assert_allclose(layers.apply(model, IMAGES[:5], batch=2), whole, atol=1e-6)


def test_training_learns_only_dense_obeys_latent_and_all_are_compared(workdir, params: Params) -> None:
    labels = np.arange(120, dtype=np.uint8) % 10
    images = np.zeros((120, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 8, 4:20] = 250
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=np.zeros(len(labels), bool))
    preprocess.main(params)
    content = params.model_dump() | {"latent": 3}
    content["denoiser"]["conv"] |= {"channels": [4, 8], "units": 16}
    for name in ("dense", "conv"):
        content["denoiser"][name]["training"] |= {"steps": 40, "epochs": 2, "batch": 16}
    params = Params.model_validate(content)
    written = {}
    for latent in (3, 4):
        for name, path in preprocess.MODELS.items():
            train.main(params.model_copy(update={"latent": latent}), name)
            written[latent, name] = artifacts.read_bytes(path)
            history = artifacts.read_csv(train.HISTORIES[name])
            assert history["val_psnr"].iloc[-1] > history["val_psnr"].iloc[0]
            assert model_files.load(path, network.Carried)[1] == {"seed": 7, "noise_std": 0.5}
    assert written[3, "conv"] == written[4, "conv"]
    assert written[3, "dense"] != written[4, "dense"]

    model_files.write(evaluate.AUTOENCODER, autoencoder.build(4, []))
    evaluate.main(params)
    metrics, evaluation = artifacts.read_json(evaluate.METRICS), artifacts.read_json(evaluate.EVALUATION)
    for name in ("noisy", "classical", "best_filter", "dense", "conv"):
        assert metrics[name] == {"psnr": evaluation[name]["psnr"]}
    assert metrics["minus_baseline"] == evaluation["conv_minus_best_filter"]["psnr_interval"]
    conv, best = evaluation["conv"], evaluation["best_filter"]
    assert best["psnr"] == max(one["psnr"] for one in evaluation["filters"].values())
    assert evaluation["conv_minus_best_filter"]["psnr"] == pytest.approx(conv["psnr"] - best["psnr"], abs=1e-3)
    assert evaluation["recognition"].keys() == evaluate.LABELS.keys()
