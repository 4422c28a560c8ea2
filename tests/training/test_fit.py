"""The training loop: its checkpoints, its best epoch, and what it starts from; textgen/test_train.py kills one."""

import hashlib

import keras
import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.training.batches import batches
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare
from stages.training.layers import start_orthogonal


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
    assert hashes == ["fb60e227", "3d20561f", "daca57cf"]
