"""How much of the machine the train stages use: python -m benchmarks.sgemm [--quick].

The limit is the speed of a large product of two matrices in TensorFlow, with the threads and kernels of the pipeline. A
train step is timed in its stage: two runs that differ in their number of steps alone, so start and validation cancel.
"""

import math
import time
from typing import Any

import numpy as np

from benchmarks import common
from stages.core import artifacts
from stages.params import Params
from stages.textgen import sizes
from stages.training.optimizers import adam, by_muon, muon

SIDE = 2048  # of the matrices
ROUNDS = 7
# Train stage, its section in params.yaml, its data, steps of the shorter and the longer run.
STAGES = {
    "autoencoder": ("autoencoder.train", "autoencoder", "data/autoencoder/digits.npz", 500, 4000),
    "dense denoiser": ("denoiser.train dense", "denoiser.dense", "data/denoiser/digits.npz", 100, 700),
    "conv denoiser": ("denoiser.train conv", "denoiser.conv", "data/denoiser/digits.npz", 50, 350),
    "text model": ("textgen.train", "textgen", "data/textgen/characters.npz", 50, 450),
}


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table: GFLOP/s of each train step beside those of the product."""
    limit = product(256 if quick else SIDE, 2 if quick else ROUNDS)
    rows = []
    for name, (stage, section, made, few, many) in STAGES.items():
        data = artifacts.read_npz(made)
        few, many = (2, 12) if quick else (few, many)
        seconds = step(stage, section, made, data, few, many)
        speed = operations(name, params, data) / seconds / 1e9
        print(f"{name}: {1000 * seconds:.2f} ms a step, {speed:.1f} of {limit:.1f} GFLOP/s", flush=True)
        note = f"{100 * speed / limit:.0f} % of it; {1000 * seconds:.2f} ms a step"
        peer = f"product of two {SIDE} × {SIDE} matrices"
        rows.append(common.row(f"{name}, train step", "GFLOP/s", speed, peer, limit, better="higher", note=note))
    return rows


def product(side: int, rounds: int) -> float:
    """GFLOP/s of a matrix product: the median of some rounds."""
    import tensorflow as tf

    one = tf.random.normal((side, side), seed=1)
    multiply = tf.function(tf.linalg.matmul)
    multiply(one, one).numpy()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        multiply(one, one).numpy()
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / float(np.median(seconds)) / 1e9


def step(stage: str, section: str, made: str, data: dict[str, np.ndarray], few: int, many: int) -> float:
    """Seconds of an optimizer step in a train stage."""
    taken = {}
    for steps in (few, many):
        changes = {f"{section}.training.steps": steps, f"{section}.training.epochs": 1, "textgen.ngrams.contexts": 0}
        with common.scratch(changes) as folder:
            artifacts.write_npz(folder / made, **data)
            taken[steps] = common.stage(folder, *stage.split()).seconds
    return (taken[many] - taken[few]) / (many - few)


def operations(name: str, params: Params, data: dict[str, np.ndarray]) -> float:
    """Additions and multiplications of the matrix products of one train step.

    A layer multiplies three times: its inputs by its weights, and its gradient by the weights and by the inputs. A
    first layer that reads pixels needs no gradient for them. Muon multiplies its matrices with themselves besides.
    """
    digits, optimizer = True, adam
    if name == "autoencoder":
        from stages.autoencoder.model import build

        model, batch, steps = build(params.latent, params.autoencoder.hidden), params.autoencoder.training.batch, 1
    elif name == "dense denoiser":
        from stages.denoiser.model import dense

        settings = params.denoiser.dense
        model, batch, steps = dense(params.latent, settings.hidden), settings.training.batch, 1
    elif name == "conv denoiser":
        from stages.denoiser.model import conv
        from stages.denoiser.train import OPTIMIZERS

        settings = params.denoiser.conv
        model, batch, steps = conv(settings.channels, settings.units), settings.training.batch, 1
        optimizer = OPTIMIZERS["conv"]
    else:
        from stages.textgen.model import Shape, build
        from stages.textgen.train import OPTIMIZERS

        settings = sizes.chosen(params.textgen, len(data["train"]))
        model = build(Shape(len(data["vocabulary"]), settings.network.embedding, settings.network.units))
        batch, steps = settings.training.batch, settings.training.length
        optimizer = OPTIMIZERS[settings.training.optimizer]
        digits = settings.network.embedding is None
    products = [count for layer in model.layers if (count := multiplications(layer))]
    layers = 2 * batch * steps * (3 * sum(products) - (products[0] if digits else 0))
    return layers + (2 * orthogonalized(model) if optimizer is muon else 0)


def orthogonalized(model: Any) -> int:
    """Multiplications of one step of Muon: Newton-Schulz iterations of three products for each of its matrices."""
    iterations, products = muon(0.1).ns_steps, 0
    for variable in filter(by_muon, model.trainable_variables):
        small, large = sorted((math.prod(variable.shape[:-1]), variable.shape[-1]))
        products += iterations * (2 * small**2 * large + small**3)
    return products


def multiplications(layer: Any) -> int:
    """Of a layer for one input, or for one time step of an LSTM; 0 where it has no matrix."""
    kind = type(layer).__name__
    if kind == "Dense":
        return int(np.prod(layer.kernel.shape))
    if kind == "Conv2D":
        return int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3]))
    if kind == "Conv2DTranspose":
        return int(np.prod(layer.kernel.shape) * np.prod(layer.input.shape[1:3]))
    if kind == "LSTM":
        return int(np.prod(layer.cell.kernel.shape) + np.prod(layer.cell.recurrent_kernel.shape))
    return 0


if __name__ == "__main__":
    common.part(measure, "sgemm")
