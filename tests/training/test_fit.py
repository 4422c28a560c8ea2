"""The training loop, killed and resumed, and what it starts from."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.training.batches import batches
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare
from stages.training.layers import start_orthogonal
from tests.conftest import REPOSITORY

# A model with everything that must survive a kill: random states, running means, a carried recurrent state, Adam's
# moments.
SCRIPT = """
import os, signal, sys
import stages
import keras
import numpy as np
from stages.core import artifacts, model_files
from stages.training.batches import batches
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare
from stages.training.optimizers import warmup_cosine

epochs, killed_in = 4, int(sys.argv[1])

prepare(7)
x = keras.Input((5, 3), batch_size=4)
y = keras.layers.LSTM(6, stateful=True, name="memory")(keras.layers.BatchNormalization()(x))
y = keras.layers.Dropout(0.5)(y)
model = keras.Model(x, keras.layers.Dense(1)(y), name="small")
model.compile(keras.optimizers.Adam(warmup_cosine(0.01, 40)), "mse", jit_compile=False)

def epoch_data(epoch):
    if epoch == killed_in:
        os.kill(os.getpid(), signal.SIGKILL)
    generator = np.random.default_rng([7, epoch])
    return batches(generator.normal(size=(40, 5, 3)), generator.normal(size=(40, 1)), 4)

checkpoint = Checkpoint("small", {"seed": 7}, inputs=["input.txt"])

def validate(model):
    # The second epoch is the best: its weights, not the last ones, must come out.
    return {"loss": {0: 2.0, 1: 1.0, 2: 3.0, 3: 4.0}[int(model.optimizer.iterations) // 10 - 1]}

history = fit(model, epoch_data, epochs=epochs, validate=validate, checkpoint=checkpoint)
model_files.write("small.keras", model)
artifacts.write_csv("small.csv", history)
checkpoint.remove()
"""


def train(folder: Path, killed_in: int = -1) -> subprocess.CompletedProcess:
    """Train in a process of its own: a checkpoint belongs to the code that its process has imported."""
    folder.mkdir(exist_ok=True)
    (folder / "input.txt").write_text("data", encoding="utf-8")
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "script.py", str(killed_in)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(tmp_path):
    whole, interrupted = tmp_path / "whole", tmp_path / "interrupted"
    assert train(whole).returncode == 0
    for killed_in in (1, 3):
        assert train(interrupted, killed_in).returncode == -signal.SIGKILL
    assert "small: resumed at epoch 4 of 4" in train(interrupted).stdout
    for name in ("small.keras", "small.csv"):
        assert (interrupted / name).read_bytes() == (whole / name).read_bytes()
    assert list((interrupted / ".checkpoints").iterdir()) == []


def small_fit(checkpoint: Checkpoint, **options) -> tuple[keras.Model, list[dict]]:
    """A training of a second in the current folder: the model and its history."""
    prepare(7)
    x = keras.Input((5, 3), batch_size=4)
    y = keras.layers.LSTM(6, stateful=True)(keras.layers.BatchNormalization()(x))
    model = keras.Model(x, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(y)))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    data = batches(np.ones((8, 5, 3)), np.ones((8, 1)), 4)
    options = {"epochs": 2, "validate": lambda model: {"loss": 1.0}} | options
    return model, fit(model, lambda epoch: data, checkpoint=checkpoint, **options)


def test_a_checkpoint_belongs_to_one_training_only(workdir):
    (workdir / "input.txt").write_text("data", encoding="utf-8")
    saved = Checkpoint("small", {"seed": 7}, inputs=["input.txt"])
    saved.save(history=np.array("[]"))
    assert Checkpoint("small", {"seed": 7}, inputs=["input.txt"]).load() is not None
    (workdir / "input.txt").write_text("other data", encoding="utf-8")
    assert Checkpoint("small", {"seed": 7}, inputs=["input.txt"]).load() is None
    assert not saved.path.exists()
    (workdir / "input.txt").write_text("data", encoding="utf-8")
    assert Checkpoint("small", {"seed": 8}, inputs=["input.txt"]).path != saved.path


def test_a_checkpoint_that_was_half_written_goes(workdir):
    checkpoint = Checkpoint("small", {}, inputs=[])
    artifacts.write_bytes(checkpoint.path.with_name(f".{checkpoint.path.name}.00ff.tmp"), b"PK half")
    assert checkpoint.load() is None
    assert list(checkpoint.path.parent.iterdir()) == []


def test_a_loss_that_is_no_number_is_one_clear_line(workdir):
    with pytest.raises(StageError, match="not a number at epoch 1; lower learning_rate"):
        small_fit(Checkpoint("small", {}, inputs=[]), validate=lambda model: {"loss": float("nan")})


@pytest.mark.parametrize(("measure", "values", "best"), [("loss", [2, 1, 1], 1), ("accuracy", [0.5, 0.9, 0.7], 1)])
def test_the_weights_are_those_of_the_best_epoch(workdir, measure, values, best):
    """The lowest loss, or the highest of any other measure; of equal epochs the first."""
    scores, weights = iter(values), []

    def validate(model: keras.Model) -> dict[str, float]:
        weights.append(model.get_weights())
        return {measure: next(scores)}

    checkpoint = Checkpoint("small", {}, inputs=[])
    model, history = small_fit(checkpoint, epochs=3, validate=validate, monitor=f"val_{measure}")
    assert [row[f"val_{measure}"] for row in history] == values
    for ours, expected in zip(model.get_weights(), weights[best], strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert any(not np.array_equal(one, other) for one, other in zip(*weights[:2], strict=True))


def test_recurrent_kernels_start_orthonormal_and_the_same_everywhere():
    lstm = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True))
    model = keras.Sequential([keras.Input((None, 3)), lstm, keras.layers.LSTM(5)])
    start_orthogonal(model, 7)
    kernels = [weight.numpy() for weight in model.weights if "recurrent_kernel" in weight.path]
    assert [kernel.shape for kernel in kernels] == [(8, 32), (8, 32), (5, 20)]
    for kernel in kernels:
        np.testing.assert_allclose(kernel @ kernel.T, np.eye(len(kernel)), atol=1e-6)
    # What Keras' own initializer gives differs from one kind of x86 processor to the next.
    hashes = [hashlib.sha256(kernel.tobytes()).hexdigest()[:8] for kernel in kernels]
    assert hashes == ["2368b4d8", "82869aef", "e7a762da"]
