"""train-dense, train-conv: a denoiser, on digits with fresh noise every time they are seen."""

from typing import Any

import keras
import numpy as np

from stages.core import artifacts, image_quality
from stages.core.command import run
from stages.core.digits import scaled
from stages.core.errors import StageError
from stages.denoiser import model as network
from stages.denoiser.preprocess import OUTPUT as DATA
from stages.denoiser.preprocess import TRAIN, add_noise
from stages.params import Params
from stages.training import augment, networks
from stages.training.batches import batches, permutations
from stages.training.checkpoint import Checkpoint
from stages.training.devices import spread_over
from stages.training.fit import fit, prepare, steps_of
from stages.training.optimizers import warmup_cosine

MODELS = {"dense": "models/denoiser-dense.keras", "conv": "models/denoiser-conv.keras"}
HISTORIES = {"dense": "plots/denoiser/history-dense.csv", "conv": "plots/denoiser/history-conv.csv"}


def main(params: Params, name: str = "") -> None:
    if name not in MODELS:
        raise StageError(f"no denoiser called {name!r}; there are {', '.join(MODELS)}")
    schedule = getattr(params.denoiser, name).training
    data = artifacts.read_npz(DATA)
    images, held_out, held_out_noisy = scaled(data["train"]), scaled(data["validation"]), data["validation_noisy"]
    prepare(params.seed)
    devices = params.denoiser.conv.devices if name == "conv" else 1
    with spread_over(devices):
        model = build(params, name)
        model.compile(
            optimizer=keras.optimizers.Adam(warmup_cosine(schedule.learning_rate, schedule.steps)),
            loss="binary_crossentropy",
            jit_compile=False,
            steps_per_execution=16 if devices == 1 else 1,  # Keras' loop of several steps fails on several devices
        )
        model.optimizer.build(model.trainable_variables)
    order = permutations(len(images), params.seed)

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=schedule.steps, epochs=schedule.epochs)
        clean = images[order(steps.start * schedule.batch, steps.stop * schedule.batch)]
        clean = augment.shifted(clean, schedule.shifted, seed=params.seed, epoch=epoch)
        noisy = noisy_digits(clean, std=params.denoiser.noise_std, seed=params.seed, epoch=epoch)
        return batches(noisy, clean, schedule.batch)

    def validate(model: keras.Model) -> dict[str, float]:
        restored = networks.apply(model, held_out_noisy)
        return {
            "loss": float(np.mean(keras.losses.binary_crossentropy(held_out, restored))),
            "psnr": image_quality.psnr(held_out, restored).mean(),
        }

    checkpoint = Checkpoint(f"denoiser-{name}", settings_of(params, name), inputs=[DATA])
    history = fit(
        model,
        epoch_data,
        epochs=schedule.epochs,
        validate=validate,
        checkpoint=checkpoint,
        monitor="val_psnr",
        mode="max",
    )
    artifacts.write_model(MODELS[name], model)
    artifacts.write_csv(HISTORIES[name], history)
    checkpoint.remove()


def build(params: Params, name: str) -> keras.Model:
    """The network called `name`: "dense", fully connected, or "conv", which does not know `latent`."""
    if name == "dense":
        return network.dense(params.latent, params.denoiser.dense.hidden)
    return network.conv(params.denoiser.conv.channels, params.denoiser.conv.units)


def settings_of(params: Params, name: str) -> dict[str, Any]:
    """All of params.yaml that the training of a network obeys: the `params` of its stage in dvc.yaml."""
    settings = {
        "seed": params.seed,
        "threads": params.threads,
        "noise_std": params.denoiser.noise_std,
        name: getattr(params.denoiser, name),
    }
    if name == "dense":
        settings["latent"] = params.latent
    return settings


def noisy_digits(images: np.ndarray, *, std: float, seed: int, epoch: int) -> np.ndarray:
    """Digits with noise that no other epoch has and that is equal for equal (`seed`, `epoch`).

    Args:
        images: clean digits, shape (n, 28, 28), float32 in [0, 1].
        std: of the noise, before it is cut to [0, 1].
        seed: with `epoch`, the only source of chance.
        epoch: number of the epoch.
    """
    return add_noise(images, std, np.random.default_rng([seed, TRAIN, epoch]))


if __name__ == "__main__":
    run(main)
