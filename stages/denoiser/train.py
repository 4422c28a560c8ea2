"""train-dense, train-conv: a denoiser, on digits with fresh noise every time they are seen."""

from typing import Any

import keras
import numpy as np

from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import SIDE, scaled
from stages.core.errors import StageError
from stages.denoiser import model as network
from stages.denoiser.preprocess import OUTPUT as DATA
from stages.denoiser.preprocess import TRAIN
from stages.params import Params
from stages.training import networks
from stages.training.checkpoint import Checkpoint
from stages.training.devices import spread_over
from stages.training.digit_epochs import digit_epochs
from stages.training.fit import fit, prepare
from stages.training.losses import binary_cross_entropy
from stages.training.optimizers import adam, muon, warmup_cosine

MODELS = {"dense": "models/denoiser-dense.keras", "conv": "models/denoiser-conv.keras"}
OPTIMIZERS = {"dense": adam, "conv": muon}
HISTORIES = {"dense": "plots/denoiser/history-dense.csv", "conv": "plots/denoiser/history-conv.csv"}


def main(params: Params, name: str = "") -> None:
    if name not in MODELS:
        raise StageError(f"no denoiser called {name!r}; there are {', '.join(MODELS)}")
    schedule = getattr(params.denoiser, name).training
    data = artifacts.read_npz(DATA)
    prepare(params.seed)
    devices = params.denoiser.conv.devices if name == "conv" else 1
    with spread_over(devices):
        model = build(params, name)
        trained = networks.before_sigmoid(model)
        trained.compile(
            optimizer=OPTIMIZERS[name](warmup_cosine(schedule.learning_rate, schedule.steps)),
            loss=binary_cross_entropy,
            jit_compile=False,
            steps_per_execution=16 if devices == 1 else 1,  # Keras' loop of several steps fails on several devices
        )
        trained.optimizer.build(trained.trainable_variables)
    checkpoint = Checkpoint(f"denoiser-{name}", settings_of(params, name), inputs=[DATA])
    history = fit(
        trained,
        digit_epochs(
            data["train"],
            schedule,
            seed=params.seed,
            noise=lambda step: noise(schedule.batch, std=params.denoiser.noise_std, seed=params.seed, step=step),
        ),
        epochs=schedule.epochs,
        validate=lambda trained: quality(trained, scaled(data["validation"]), data["validation_noisy"]),
        checkpoint=checkpoint,
        monitor="val_psnr",
        mode="max",
    )
    model_files.write(MODELS[name], model, {"seed": params.seed, "noise_std": params.denoiser.noise_std})
    artifacts.write_csv(HISTORIES[name], history)
    checkpoint.remove()


def quality(trained: keras.Model, clean: np.ndarray, noisy: np.ndarray) -> dict[str, float]:
    """Mean cross-entropy (nats per pixel) and PSNR (dB) of the digits that a network without its sigmoid restores."""
    logits = networks.apply(trained, noisy)
    return {
        "loss": binary_cross_entropy(clean, logits).numpy().mean(),
        "psnr": image_quality.psnr(clean, keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))).mean(),
    }


def build(params: Params, name: str) -> keras.Model:
    """The network called `name`: "dense", fully connected, or "conv", which does not know `latent`."""
    if name == "dense":
        return network.dense(params.latent, params.denoiser.dense.hidden)
    return network.conv(params.denoiser.conv.channels, params.denoiser.conv.units)


def settings_of(params: Params, name: str) -> dict[str, Any]:
    """All of params.yaml that the training of a network depends on: the `params` of its stage in dvc.yaml."""
    settings = {
        "seed": params.seed,
        "threads": params.threads,
        "kernels": params.kernels,
        "noise_std": params.denoiser.noise_std,
        name: getattr(params.denoiser, name),
    }
    if name == "dense":
        settings["latent"] = params.latent
    return settings


def noise(count: int, *, std: float, seed: int, step: int) -> np.ndarray:
    """Noise for `count` digits that no other step has and that is equal for equal (`seed`, `step`).

    Args:
        count: of digits.
        std: of the noise, before the noisy digit is cut to [0, 1].
        seed: with `step`, the only source of chance.
        step: number of the optimizer step.

    Returns:
        float32, shape (count, 28, 28).
    """
    generator = np.random.default_rng([seed, TRAIN, step])
    return np.float32(std) * generator.standard_normal((count, SIDE, SIDE), dtype=np.float32)


if __name__ == "__main__":
    run(main)
