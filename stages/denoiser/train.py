"""train-dense, train-conv: a denoiser, on digits with fresh noise every time they are seen."""

from collections.abc import Callable
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
from stages.params import DigitTraining, Params
from stages.training import augment, networks
from stages.training.batches import permutations, streamed
from stages.training.checkpoint import Checkpoint
from stages.training.devices import spread_over
from stages.training.fit import fit, prepare, steps_of
from stages.training.losses import binary_cross_entropy
from stages.training.optimizers import adam, warmup_cosine

MODELS = {"dense": "models/denoiser-dense.keras", "conv": "models/denoiser-conv.keras"}
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
            optimizer=adam(warmup_cosine(schedule.learning_rate, schedule.steps)),
            loss=binary_cross_entropy,
            jit_compile=False,
            steps_per_execution=16 if devices == 1 else 1,  # Keras' loop of several steps fails on several devices
        )
        trained.optimizer.build(trained.trainable_variables)
    checkpoint = Checkpoint(f"denoiser-{name}", settings_of(params, name), inputs=[DATA])
    history = fit(
        trained,
        epochs_of(data["train"], schedule, std=params.denoiser.noise_std, seed=params.seed),
        epochs=schedule.epochs,
        validate=lambda trained: quality(trained, scaled(data["validation"]), data["validation_noisy"]),
        checkpoint=checkpoint,
        monitor="val_psnr",
        mode="max",
    )
    artifacts.write_model(MODELS[name], model)
    artifacts.write_csv(HISTORIES[name], history)
    checkpoint.remove()


def epochs_of(images: np.ndarray, schedule: DigitTraining, *, std: float, seed: int) -> Callable[[int], Any]:
    """A function: number of an epoch → its batches, noisy and clean.

    Args:
        images: digits to train on, uint8, shape (n, 28, 28).
        schedule: how long.
        std: of the noise, before it is cut to [0, 1].
        seed: of the order and the noise.
    """
    order = permutations(len(images), seed)

    def epoch_data(epoch: int) -> Any:
        steps = steps_of(epoch, steps=schedule.steps, epochs=schedule.epochs)
        rows = order(steps.start * schedule.batch, steps.stop * schedule.batch).reshape(-1, schedule.batch)

        def example(step: int) -> tuple[np.ndarray, np.ndarray]:
            clean = images[rows[step - steps.start]]
            clean = scaled(augment.shifted(clean, schedule.shifted, seed=seed, step=step))
            return noisy_digits(clean, std=std, seed=seed, step=step), clean

        return streamed(example, steps, kinds=("float32", "float32"))

    return epoch_data


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


def noisy_digits(images: np.ndarray, *, std: float, seed: int, step: int) -> np.ndarray:
    """Digits with noise that no other step has and that is equal for equal (`seed`, `step`).

    Args:
        images: clean digits, shape (n, 28, 28), float32 in [0, 1].
        std: of the noise, before it is cut to [0, 1].
        seed: with `step`, the only source of chance.
        step: number of the optimizer step.
    """
    return add_noise(images, std, np.random.default_rng([seed, TRAIN, step]))


if __name__ == "__main__":
    run(main)
