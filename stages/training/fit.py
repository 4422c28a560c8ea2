"""Training that gives the same bits every time, also when it is killed and started again."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from stages.core.errors import StageError
from stages.training.checkpoint import Checkpoint


def prepare(seed: int) -> None:
    """Seed Keras; call it right before a model is built.

    Called again for each model that one process builds, so that none depends on its forerunners.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)


def steps_of(epoch: int, *, steps: int, epochs: int) -> range:
    """The optimizer steps of an epoch, when `steps` are spread over `epochs` as evenly as whole numbers allow."""
    return range(steps * epoch // epochs, steps * (epoch + 1) // epochs)


def fit(
    model: Any,
    epoch_data: Callable[[int], Any],
    *,
    epochs: int,
    validate: Callable[[Any], dict[str, float]],
    checkpoint: Checkpoint,
    monitor: str = "val_loss",
) -> list[dict[str, float]]:
    """Train a compiled Keras model; leave it with the weights of its best epoch.

    The model's and the optimizer's variables and the epoch number must be all its state: then a killed run continues
    from its last whole epoch and ends with the same bits.

    Args:
        model: is changed in place.
        epoch_data: epoch → its batches, a tf.data.Dataset of known length; a pure function.
        epochs: number of blocks of steps; after each one `validate` runs and the state is saved.
        validate: model → measures on the validation part, without `val_` in their names.
        checkpoint: where the state is kept meanwhile. The caller removes it when it has written the model.
        monitor: the measure that chooses the best epoch: a loss by its lowest value, any other by its highest.

    Returns:
        The history: a row per epoch with `epoch` (from 1), the training measures and the validation measures.
    """
    started = time.perf_counter()
    better = min if monitor.endswith("loss") else max
    history, best = _resumed(model, checkpoint, epochs)
    for epoch in range(len(history), epochs):
        row = _epoch(model, epoch_data(epoch), epoch) | {
            f"val_{name}": float(value) for name, value in validate(model).items()
        }
        if not all(np.isfinite(value) for value in row.values()):
            raise StageError(f"{checkpoint.name}: the loss is not a number at epoch {epoch + 1}; lower learning_rate")
        history.append(row)
        improved = better(history, key=lambda past: past[monitor]) is row  # of equal epochs, the first
        if improved:
            best = [weight.numpy() for weight in model.weights]
        checkpoint.save(
            history=np.array(json.dumps(history)),
            **{f"variable_{i}": variable.numpy() for i, variable in enumerate(_variables(model))},
            **{f"best_{i}": weight for i, weight in enumerate(best)},
        )
        # After it is saved: an epoch that has been printed is never trained again.
        told = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"{checkpoint.name}: {told}{' (best)' if improved else ''}", flush=True)
    _assign(model.weights, best)
    print(f"{checkpoint.name}: trained in {time.perf_counter() - started:.0f} s", flush=True)
    return history


def _epoch(model: Any, data: Any, epoch: int) -> dict[str, float]:
    """Train for one epoch; its number and the training measures."""
    # Without the thread by which a Dataset tunes itself: it sleeps for 10, 20, 40 … ms, and whoever lets go of the
    # Dataset waits for it. An epoch of 6 s took 10.
    options = tf.data.Options()
    options.autotune.enabled = False
    # shuffle: of a Dataset Keras cannot; said, so that it does not warn.
    fitted = model.fit(data.with_options(options), initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0)
    return {"epoch": epoch + 1, **{name: float(values[-1]) for name, values in fitted.history.items()}}


def _resumed(model: Any, checkpoint: Checkpoint, epochs: int) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """History and best weights of the epochs done; the model is set to where they ended."""
    model.optimizer.build(model.trainable_variables)
    if (state := checkpoint.load()) is None:
        return [], []
    history = json.loads(str(state["history"]))
    variables = _variables(model)
    _assign(variables, [state[f"variable_{i}"] for i in range(len(variables))])
    at = f"at epoch {len(history) + 1} of {epochs}" if len(history) < epochs else f"after all {epochs} epochs"
    print(f"{checkpoint.name}: resumed {at}", flush=True)
    return history, [state[f"best_{i}"] for i in range(len(model.weights))]


def _variables(model: Any) -> list[Any]:
    """All that training changes: weights, random and recurrent states, and the optimizer's own variables.

    Keras counts a dropout's random state among a model's variables, but not what a stateful LSTM carries over.
    """
    carried = [state for layer in model.layers if getattr(layer, "stateful", False) for state in layer.states]
    return [*model.variables, *carried, *model.optimizer.variables]


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
