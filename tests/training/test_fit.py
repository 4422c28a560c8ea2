import hashlib
import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts
from stages.core.errors import StageError
from stages.training.batches import batches, permutations
from stages.training.checkpoint import Checkpoint
from stages.training.fit import _variables, fit, prepare, steps_of
from stages.training.networks import start_orthogonal
from stages.training.optimizers import warmup_cosine
from tests.conftest import REPOSITORY


@given(st.integers(1, 50), st.integers(0, 400), st.integers(1, 120))
def test_permutations_are_one_sequence_however_it_is_cut(rows, first, count):
    positions = permutations(rows, seed=7)
    whole = positions(0, first + count)
    np.testing.assert_array_equal(positions(first, first + count), whole[first:])
    for start in range(0, len(whole) - rows + 1, rows):
        assert sorted(whole[start : start + rows]) == list(range(rows))


def test_each_pass_has_its_own_order():
    whole = permutations(100, seed=7)(0, 200)
    assert whole[:100].tolist() != whole[100:].tolist()
    assert whole.tolist() != permutations(100, seed=8)(0, 200).tolist()


@given(st.integers(1, 1000), st.integers(1, 50))
def test_epochs_share_all_steps(steps, epochs):
    blocks = [steps_of(epoch, steps=steps, epochs=epochs) for epoch in range(epochs)]
    assert [step for block in blocks for step in block] == list(range(steps))
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1


def test_recurrent_kernels_start_orthonormal_and_the_same_everywhere():
    lstm = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True))
    model = keras.Sequential([keras.Input((None, 3)), lstm, keras.layers.LSTM(5)])
    start_orthogonal(model, 7)
    kernels = [weight.numpy() for weight in model.weights if "recurrent_kernel" in weight.path]
    assert [kernel.shape for kernel in kernels] == [(8, 32), (8, 32), (5, 20)]
    for kernel in kernels:
        np.testing.assert_allclose(kernel @ kernel.T, np.eye(len(kernel)), atol=1e-6)
    # What Keras' own initializer gives differs from one kind of x86 processor to the next.
    told = [hashlib.sha256(kernel.tobytes()).hexdigest()[:8] for kernel in kernels]
    assert told == ["2368b4d8", "82869aef", "e7a762da"]


# A model with everything that must survive a kill: random states, running means, a carried recurrent state, Adam's
# moments.
SCRIPT = """
import os, signal, sys
from stages.core import imports
imports.begin()
import keras
import numpy as np
from stages.core import artifacts, model_files
from stages.training.batches import batches
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare
from stages.training.optimizers import warmup_cosine
imports.finish()

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


def test_all_state_is_of_a_known_kind(workdir):
    """A Keras that keeps something new, or elsewhere, fails here before it fails in a resumed training."""
    import keras

    prepare(7)
    x = keras.Input((5, 3), batch_size=4)
    y = keras.layers.LSTM(6, stateful=True)(keras.layers.BatchNormalization()(x))
    model = keras.Model(x, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(y)))
    model.compile(keras.optimizers.Adam(warmup_cosine(0.01, 40)), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in _variables(model)]
    model.fit(np.ones((8, 5, 3)), np.ones((8, 1)), batch_size=4, verbose=0)
    after = _variables(model)
    kinds = {re.sub(r"^.*(momentum|velocity)$", r"\1", variable.name) for variable in after}
    assert kinds == {
        *("gamma", "beta", "moving_mean", "moving_variance", "kernel", "recurrent_kernel", "bias"),
        *("seed_generator_state", "rnn_state", "iteration", "momentum", "velocity"),
    }
    assert len(before) == len(after)


def train(folder: Path, killed_in: int = -1) -> subprocess.CompletedProcess:
    """Train in a process of its own: a checkpoint belongs to the code that its process has imported."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "script.py", str(killed_in)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(tmp_path, monkeypatch):
    for folder in (whole := tmp_path / "whole", interrupted := tmp_path / "interrupted"):
        folder.mkdir()
        (folder / "input.txt").write_text("data", encoding="utf-8")
        (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    for killed_in in (1, 3):
        assert train(interrupted, killed_in).returncode == -signal.SIGKILL
    assert "small: resumed at epoch 4 of 4" in train(interrupted).stdout
    monkeypatch.chdir(whole)
    monkeypatch.setattr(sys, "argv", ["script.py", "-1"])
    runpy.run_path("script.py")  # in this process, which has Keras already
    for name in ("small.keras", "small.csv"):
        assert (interrupted / name).read_bytes() == (whole / name).read_bytes()
    assert list((interrupted / ".checkpoints").iterdir()) == []


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


def test_a_damaged_checkpoint_starts_over(workdir, capsys):
    checkpoint = Checkpoint("small", {}, inputs=[])
    artifacts.write_bytes(checkpoint.path, b"PK half")
    assert checkpoint.load() is None
    assert "starting over" in capsys.readouterr().out


def test_a_half_written_checkpoint_is_never_taken_up(workdir):
    checkpoint = Checkpoint("small", {}, inputs=[])
    half = checkpoint.path.with_name(f".{checkpoint.path.name}.00ff.tmp")
    artifacts.write_bytes(half, b"PK half")
    assert checkpoint.load() is None
    assert not half.exists()


def diverging_fit(workdir, **options):
    import keras

    prepare(7)
    x = keras.Input((1,))
    model = keras.Model(x, keras.layers.Dense(1)(x))
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=False)
    return fit(
        model,
        lambda epoch: batches(np.ones((4, 1)), np.ones((4, 1)), 4),
        checkpoint=Checkpoint("diverging", {}, inputs=[]),
        **options,
    )


def test_batches_are_the_rows_in_their_order():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    found = batches(x, y, 4)
    assert len(found) == 3
    parts = [(a.numpy(), b.numpy()) for a, b in found]
    assert [len(b) for _, b in parts] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([a for a, _ in parts]), x)
    np.testing.assert_array_equal(np.concatenate([b for _, b in parts]), y)


def test_no_epoch_waits_for_a_thread_that_tunes_its_data(workdir, monkeypatch):
    import keras

    fit, tuned = keras.Model.fit, []

    def watched(model, data, **options):
        tuned.append(data.options().autotune.enabled)
        return fit(model, data, **options)

    monkeypatch.setattr(keras.Model, "fit", watched)
    diverging_fit(workdir, epochs=2, validate=lambda model: {"loss": 1.0})
    assert tuned == [False, False]


def test_a_loss_that_is_no_number_is_told(workdir):
    with pytest.raises(StageError, match="not a number at epoch 1; lower learning_rate"):
        diverging_fit(workdir, epochs=2, validate=lambda model: {"loss": float("nan")})


def test_the_best_epoch_can_be_the_highest(workdir):
    scores = iter([0.5, 0.9, 0.7])
    kept = []
    history = diverging_fit(
        workdir,
        epochs=3,
        validate=lambda model: kept.append(model.get_weights()[0].copy()) or {"accuracy": next(scores)},
        monitor="val_accuracy",
        mode="max",
    )
    assert [row["val_accuracy"] for row in history] == [0.5, 0.9, 0.7]
    assert len({float(weight[0, 0]) for weight in kept}) == 3
