"""One training step of an LSTM, Keras and PyTorch: python -m benchmarks.lstm_step [--quick].

Forward, backward and Adam. Each runs in its own process, in alternating rounds, so that a temporary load on the machine
slows both.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import ENVIRONMENT, common
from stages.core.environment import pin
from stages.core.errors import StageError
from stages.params import Params
from stages.textgen import sizes
from stages.training.batches import batches, untuned

ROUNDS = 15
SECONDS = 1.5  # of work in a round


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table: milliseconds of a step at three shapes, the median of the rounds."""
    rows = []
    for name, shape in shapes(params).items():
        ours, theirs = alternating(shape, params.threads, rounds=2 if quick else ROUNDS)
        low, high = np.percentile(ours / theirs, [25, 75])
        batch, steps, width, units, _ = shape
        note = f"quartiles of the ratio {low:.2f} to {high:.2f}; batch {batch}, {steps} steps, {width} → {units}"
        figures = (f"LSTM step, {name}", "ms", 1000 * np.median(ours), "PyTorch nn.LSTM", 1000 * np.median(theirs))
        rows.append(common.row(*figures, better="lower", note=note))
        print(f"{name}: Keras {1000 * np.median(ours):.1f} ms, PyTorch {1000 * np.median(theirs):.1f} ms", flush=True)
    return rows


def shapes(params: Params) -> dict[str, tuple[int, int, int, int, bool]]:
    """By name: rows of a batch, time steps, numbers in an input, units, both directions? The text is a long one."""
    text, reviews = sizes.chosen(params.textgen, sys.maxsize), params.sentiment
    return {
        "batch 128, 200 steps, 128 → 64": (128, 200, 128, 64, False),
        "textgen's": (
            text.training.batch,
            text.training.length,
            text.network.embedding or 90,
            text.network.units[0],
            False,
        ),
        "sentiment's, bidirectional": (
            reviews.training.batch,
            max(1, reviews.network.length // reviews.network.pool),
            reviews.network.filters,
            reviews.network.units,
            True,
        ),
    }


def alternating(shape: tuple, threads: int, *, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of a step in each round, by Keras and by PyTorch, both of shape (rounds,)."""
    workers = [Worker(name, shape, threads) for name in ("keras", "torch")]
    try:
        steps = max(2, round(SECONDS / max(worker.step(3) for worker in workers))) if rounds > 2 else 2
        seconds = np.array([[worker.step(steps) for worker in workers] for _ in range(rounds)])
    finally:
        for worker in workers:
            worker.stop()
    return seconds[:, 0], seconds[:, 1]


class Worker:
    """A process that trains one LSTM, a given number of steps at each call."""

    def __init__(self, name: str, shape: tuple, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.lstm_step", name, json.dumps([*shape, threads])]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        environment = {**ENVIRONMENT, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self.name, self.process = name, subprocess.Popen(command, env=environment, text=True, **pipes)
        self.step(2)  # start, trace, warm up

    def step(self, count: int) -> float:
        """Train `count` steps; seconds of each, on the mean."""
        with contextlib.suppress(BrokenPipeError):  # it says why below
            print(count, file=self.process.stdin, flush=True)
        if not (answer := self.process.stdout.readline()):
            raise StageError(f"benchmarks.lstm_step: the {self.name} process failed")
        return float(answer) / count

    def stop(self) -> None:
        """No more steps: the process ends by itself."""
        self.process.stdin.close()
        self.process.wait()


def serve(train: Callable[[int], None]) -> None:
    """Read counts of steps, train, print the seconds."""
    for line in sys.stdin:
        started = time.perf_counter()
        train(int(line))
        print(time.perf_counter() - started, flush=True)


def with_keras(batch: int, steps: int, width: int, units: int, both: bool, threads: int) -> None:
    """Train by `fit`, as the stages do, with their pins."""
    pin(threads)

    import keras
    from keras import layers

    inputs = keras.Input((steps, width))
    lstm = layers.LSTM(units, return_sequences=True)
    x = layers.Bidirectional(lstm)(inputs) if both else lstm(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(x))
    model.compile(optimizer="adam", loss="mse", jit_compile=False)
    x = np.random.default_rng(0).standard_normal((batch, steps, width), dtype=np.float32)
    y = np.zeros((batch, units * (1 + both)), np.float32)

    def train(count: int) -> None:
        many = (np.concatenate([array] * count) for array in (x, y))
        model.fit(untuned(batches(*many, batch)), verbose=0)

    serve(train)


def with_torch(batch: int, steps: int, width: int, units: int, both: bool, threads: int) -> None:
    """The same in PyTorch's usual loop."""
    import torch

    torch.set_num_threads(threads)
    lstm = torch.nn.LSTM(width, units, batch_first=True, bidirectional=both)
    optimizer = torch.optim.Adam(lstm.parameters())
    x = torch.randn(batch, steps, width, generator=torch.Generator().manual_seed(0))
    y = torch.zeros(batch, units * (1 + both))

    def train(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.mse_loss(lstm(x)[0].mean(dim=1), y).backward()
            optimizer.step()

    serve(train)


if __name__ == "__main__":
    if sys.argv[1:2] == ["keras"]:
        with_keras(*json.loads(sys.argv[2]))
    elif sys.argv[1:2] == ["torch"]:
        with_torch(*json.loads(sys.argv[2]))
    else:
        common.part(measure, "lstm_step")
