"""train-dense, train-conv: a denoiser, on digits with fresh noise every time they are seen."""

from functools import partial

import keras
import numpy as np

from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import SIDE, scaled
from stages.core.rng import rng
from stages.denoiser import model as network
from stages.denoiser.preprocess import DATA, MODELS
from stages.params import Params
from stages.training import layers
from stages.training.batches import digit_epochs
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare
from stages.training.optimizers import adam, muon, warmup_cosine

OPTIMIZERS = {"dense": adam, "conv": muon}
HISTORIES = {"dense": "plots/denoiser/history-dense.csv", "conv": "plots/denoiser/history-conv.csv"}


def main(params: Params, name: str) -> None:
    settings, std = getattr(params.denoiser, name).training, params.denoiser.noise_std
    data = artifacts.read_npz(DATA)
    prepare(params.seed)
    model = build(params, name)
    logits = layers.before_sigmoid(model)
    logits.compile(
        optimizer=OPTIMIZERS[name](warmup_cosine(settings.learning_rate, settings.steps)),
        loss=layers.binary_cross_entropy,
        jit_compile=False,
        steps_per_execution=16,
    )
    depends_on = {"seed": params.seed, "threads": params.threads, "noise_std": std}
    depends_on |= {"latent": params.latent} if name == "dense" else {}
    checkpoint = Checkpoint(f"denoiser-{name}", {**depends_on, name: getattr(params.denoiser, name)}, inputs=[DATA])
    fresh = partial(noise, settings.batch, std, params.seed)
    history = fit(
        logits,
        digit_epochs(data["train"], settings, seed=params.seed, noise=fresh),
        epochs=settings.epochs,
        validate=lambda trained: quality(trained, scaled(data["validation"]), data["validation_noisy"]),
        checkpoint=checkpoint,
        monitor="val_psnr",
    )
    model_files.write(MODELS[name], model, {"seed": params.seed, "noise_std": std})
    artifacts.write_csv(HISTORIES[name], history)
    checkpoint.remove()


def build(params: Params, name: str) -> keras.Model:
    """The network called `name`: "dense", fully connected, or "conv", which does not know `latent`."""
    if name == "dense":
        return network.dense(params.latent, params.denoiser.dense.hidden)
    return network.conv(params.denoiser.conv.channels, params.denoiser.conv.units)


def quality(trained: keras.Model, clean: np.ndarray, noisy: np.ndarray) -> dict[str, float]:
    """Mean cross-entropy (nats per pixel) and PSNR (dB) of the digits that a network without its sigmoid restores."""
    logits = layers.apply(trained, noisy)
    return {
        "loss": layers.binary_cross_entropy(clean, logits).numpy().mean(),
        "psnr": image_quality.psnr(clean, keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))).mean(),
    }


def noise(count: int, std: float, seed: int, step: int) -> np.ndarray:
    """Noise for `count` digits, float32, shape (count, 28, 28), before the noisy digit is cut to [0, 1].

    Seed and number of the optimizer step are the only source of chance: no other step has the same noise.
    """
    generator = rng(seed, "denoiser/training noise", step)
    return np.float32(std) * generator.standard_normal((count, SIDE, SIDE), dtype=np.float32)


if __name__ == "__main__":
    run(main)
