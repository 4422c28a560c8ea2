"""Training that gives the same bits every time, also when it is killed and started again."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stages.core.errors import StageError
from stages.training.batches import untuned
from stages.training.checkpoint import Checkpoint


def prepare(seed: int) -> None:
    """Seed Keras; call it right before a model is built.

    Called again for each model that one process builds, so that none depends on its forerunners.
    """
    import keras

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
    mode: str = "min",
) -> list[dict[str, float]]:
    """Train a compiled model; leave it with its best weights.

    The model's and the optimizer's variables and the epoch number must be all its state: then a killed run continues
    from its last whole epoch and ends with the same bits.

    Args:
        model: compiled Keras model.
        epoch_data: epoch → its batches, a tf.data.Dataset of known length (see `batches`); a pure function.
        epochs: number of blocks of steps; after each one `validate` runs and the state is saved.
        validate: model → measures on the validation part, without `val_` in their names.
        checkpoint: where the state is kept meanwhile. The caller removes it when it has written the model.
        monitor: which measure chooses the best epoch: its `mode`, "min" or "max".

    Returns:
        The history: a row per epoch with `epoch` (from 1), the training measures and the validation measures.

    Raises:
        StageError: the loss is not a number any more.
    """
    started, bar = time.perf_counter(), _progress_bar(epochs)
    history, best = _resumed(model, checkpoint, epochs)
    for epoch in range(len(history), epochs):
        row = _epoch(model, epoch_data(epoch), epoch, validate, bar)
        if not all(np.isfinite(value) for value in row.values()):
            raise StageError(f"{checkpoint.name}: the loss is not a number at epoch {epoch + 1}; lower learning_rate")
        scores = [past[monitor] for past in history]
        history.append(row)
        improved = not scores or (row[monitor] < min(scores) if mode == "min" else row[monitor] > max(scores))
        if improved:
            best = [weight.numpy() for weight in model.weights]
        checkpoint.save(
            history=np.array(json.dumps(history)),
            **{f"variable_{i}": variable.numpy() for i, variable in enumerate(_variables(model))},
            **{f"best_{i}": weight for i, weight in enumerate(best)},
        )
        # After it is saved: an epoch that has been printed is never trained again.
        print(f"{checkpoint.name}: {_sentence(row)}{' (best)' if improved else ''}", flush=True)
    _assign(model.weights, best)
    print(f"{checkpoint.name}: trained in {time.perf_counter() - started:.0f} s", flush=True)
    return history


def _epoch(
    model: Any, data: Any, epoch: int, validate: Callable[[Any], dict[str, float]], bar: Any
) -> dict[str, float]:
    """Train for one epoch; its row of the history."""
    measures = model.fit(
        untuned(data),
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,  # of a Dataset Keras cannot; said, so that it does not warn
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[bar],
    ).history
    row = {"epoch": epoch + 1, **{name: float(values[-1]) for name, values in measures.items()}}
    return row | {f"val_{name}": float(value) for name, value in validate(model).items()}


def _resumed(model: Any, checkpoint: Checkpoint, epochs: int) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """History and best weights of the epochs done; the model is set to where they ended."""
    model.optimizer.build(model.trainable_variables)
    if (state := checkpoint.load()) is None:
        return [], []
    try:
        history = _checked_history(state, epochs)
        best = _checked(state, "best", model.weights)
        _assign(_variables(model), _checked(state, "variable", _variables(model)))
    except ValueError as error:
        checkpoint.discard(f"{checkpoint.path} {error}")
        return [], []
    at = f"at epoch {len(history) + 1} of {epochs}" if len(history) < epochs else f"after all {epochs} epochs"
    print(f"{checkpoint.name}: resumed {at}", flush=True)
    return history, best


def _checked_history(state: dict[str, np.ndarray], epochs: int) -> list[dict[str, float]]:
    """The history in a checkpoint.

    Raises:
        ValueError: it is missing, is damaged, or has more epochs than were asked for.
    """
    try:
        history = json.loads(str(state["history"]))
        rows = [{name: float(value) for name, value in row.items()} for row in history]
        numbers = [row["epoch"] for row in rows]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError("has no readable history") from error
    if not 0 < len(rows) <= epochs or numbers != list(range(1, len(rows) + 1)):
        raise ValueError(f"has a history of {len(rows)} epochs that does not fit {epochs}")
    if not all(np.isfinite(list(row.values())).all() for row in rows):
        raise ValueError("has a history with a loss that is not a number")
    return history


def _checked(state: dict[str, np.ndarray], kind: str, variables: Sequence[Any]) -> list[np.ndarray]:
    """The values of `variables` in a checkpoint.

    Raises:
        ValueError: one is missing, has another shape, or is not a number.
    """
    values = [state.get(f"{kind}_{i}") for i in range(len(variables))]
    if f"{kind}_{len(variables)}" in state:
        raise ValueError("has more weights than the network")
    for value, variable in zip(values, variables, strict=True):
        if value is None or value.shape != tuple(variable.shape):
            raise ValueError("has weights of other shapes than the network")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ValueError("has weights that are not numbers")
    return values


def _variables(model: Any) -> list[Any]:
    """All that training changes: weights, random and recurrent states, and the optimizer's own variables.

    Keras counts a dropout's random state among a model's variables, but not what a stateful LSTM carries over.
    """
    carried = [state for layer in model.layers if getattr(layer, "stateful", False) for state in layer.states]
    return [*model.variables, *carried, *model.optimizer.variables]


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _progress_bar(total: int) -> Any:
    """Keras' own progress bar, for fits of one epoch each that belong to one training."""
    import keras

    class Progress(keras.callbacks.ProgbarLogger):
        def set_params(self, params: dict[str, Any]) -> None:
            super().set_params({**params, "epochs": total})

    return Progress()


def _sentence(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in row.items())
