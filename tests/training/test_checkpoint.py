"""A checkpoint that does not fit its training is reported, removed, and the training starts over."""

import json

import keras
import numpy as np
import pytest

from stages.core import artifacts
from stages.training.batches import batches
from stages.training.checkpoint import Checkpoint
from stages.training.fit import _variables, fit, prepare


def training(epochs: int = 2):
    """A small training in the current folder: its model, its history, what it printed is captured by the caller."""
    prepare(7)
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2)(x))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    data = np.random.default_rng(7).normal(size=(8, 3))
    checkpoint = Checkpoint("small", {}, inputs=[])
    history = fit(
        model,
        lambda epoch: batches(data, data[:, :2], 4),
        epochs=epochs,
        validate=lambda model: {"loss": 1.0},
        checkpoint=checkpoint,
    )
    return model, history, checkpoint


def state_of(model, history) -> dict[str, np.ndarray]:
    return {
        "history": np.array(json.dumps(history)),
        **{f"variable_{i}": np.array(variable) for i, variable in enumerate(_variables(model))},
        **{f"best_{i}": np.array(weight) for i, weight in enumerate(model.weights)},
    }


def history_with(state, change):
    return state | {"history": np.array(json.dumps(change(json.loads(str(state["history"])))))}


DAMAGES = {
    "no readable history": lambda s: {name: value for name, value in s.items() if name != "history"},
    "a history of 3 epochs": lambda s: history_with(s, lambda rows: [*rows, {**rows[-1], "epoch": 3}]),
    "a history of 0 epochs": lambda s: history_with(s, lambda rows: []),
    "a history with a loss": lambda s: s | {"history": np.array('[{"epoch": 1, "val_loss": NaN}]')},
    "weights of other shapes": lambda s: s | {"best_0": s["best_0"][:, :1]},
    "weights of other shapes than": lambda s: {name: value for name, value in s.items() if name != "variable_1"},
    "more weights": lambda s: s | {f"variable_{sum('variable' in name for name in s)}": np.zeros(3)},
    "weights that are not numbers": lambda s: s | {"variable_0": np.full_like(s["variable_0"], np.nan)},
}


@pytest.mark.parametrize("words", DAMAGES)
def test_what_does_not_fit_is_reported_and_the_training_starts_over(workdir, capsys, words):
    model, history, checkpoint = training()
    expected = [weight.numpy() for weight in model.weights]
    artifacts.write_npz(checkpoint.path, **DAMAGES[words](state_of(model, history)))
    capsys.readouterr()
    again, second, _ = training()
    printed = capsys.readouterr().out
    assert words in printed
    assert printed.count("starting over") == 1
    assert second == history
    for weight, value in zip(again.weights, expected, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_any_changed_byte_of_the_archive_is_noticed_or_harmless(workdir, capsys):
    _, history, checkpoint = training()
    whole = checkpoint.path.read_bytes()
    for place in range(0, min(len(whole), 400), 7):  # of the first headers, flags among them
        checkpoint.path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x21]) + whole[place + 1 :])
        state = checkpoint.load()
        printed = capsys.readouterr().out
        assert (state is None) == ("starting over" in printed)
        assert checkpoint.path.exists() == (state is not None)
    assert len(history) == 2


def test_a_checkpoint_is_kept_where_there_is_no_memory_to_read_it(workdir, monkeypatch):
    _, _, checkpoint = training()
    whole = checkpoint.path.read_bytes()

    def refused(*_, **__):
        raise MemoryError("Unable to allocate 1 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(np.lib.format, "read_array", refused)
        with pytest.raises(MemoryError):
            checkpoint.load()
    assert checkpoint.path.read_bytes() == whole
    assert checkpoint.load() is not None
