"""Training that gives the same bits every time, also when it is killed and started again."""

import contextlib
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from stages import StageError, artifacts
from stages.params import Section

CHECKPOINTS = Path(".checkpoints")
PACKAGES = ("keras", "numpy", "tensorflow")


def prepare(seed: int) -> None:
    """Seed Keras; call it right before a model is built.

    Called again for each model that one process builds, so that none depends on its forerunners.
    """
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)


def start_orthogonal(model: Any, seed: int) -> None:
    """Give each LSTM of a new model a recurrent kernel with orthonormal rows, to the same bits on every processor.

    That is how Keras starts them too (Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR), but by TensorFlow's QR decomposition, which takes reciprocals as
    roughly as the processor gives them. Here it is LAPACK's, in float64.

    Args:
        model: with layers `LSTM` or `Bidirectional` of them.
        seed: of the random numbers.
    """
    import keras

    recurrent = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            recurrent += [layer.forward_layer, layer.backward_layer]
        elif isinstance(layer, keras.layers.LSTM):
            recurrent.append(layer)
    for number, layer in enumerate(recurrent):
        rows, columns = layer.cell.recurrent_kernel.shape
        q, r = np.linalg.qr(np.random.default_rng([seed, rows, number]).normal(size=(columns, rows)))
        layer.cell.recurrent_kernel.assign((q * np.sign(np.diag(r))).T.astype(np.float32))


def warmup_cosine(peak: float, steps: int, *, warmup: float = 0.05) -> Any:
    """Learning rate that rises to `peak` over the first `warmup` share of `steps`, then falls to 0 as a cosine.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR, equation 5 (one
    period, no restart).
    """
    import keras

    first = max(1, round(warmup * steps))
    return keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - first), warmup_target=peak, warmup_steps=first)


def lazy_adam(learning_rate: Any, *, beta_2: float = 0.999, clip: float) -> Any:
    """Adam that touches only the embeddings of what a batch has read; Keras' own goes through all rows at every step.

    Adam is Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", ICLR, algorithm 1. Rows that were not read
    keep their moments, as TensorFlow Addons' LazyAdam had it. The gradient's norm is clipped here, since Keras'
    `global_clipnorm` would make it dense; of an embedding read twice, each reading counts by itself.

    Args:
        learning_rate: number or schedule.
        beta_2: decay of the second moment.
        clip: greatest norm of the whole gradient.
    """
    import keras
    import tensorflow as tf

    class LazyAdam(keras.optimizers.Adam):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            super().apply(tf.clip_by_global_norm(grads, clip)[0], trainable_variables)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            if not isinstance(gradient, tf.IndexedSlices):
                super().update_step(gradient, variable, learning_rate)
                return
            number = self._get_variable_index(variable)
            momentum, velocity = self._momentums[number].value, self._velocities[number].value
            rows, places = tf.unique(gradient.indices)
            gradient = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
            step = tf.cast(self.iterations + 1, gradient.dtype)
            rate = tf.cast(learning_rate, gradient.dtype)
            rate *= tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
            m = self.beta_1 * tf.gather(momentum, rows) + (1 - self.beta_1) * gradient
            v = self.beta_2 * tf.gather(velocity, rows) + (1 - self.beta_2) * gradient**2
            momentum.scatter_update(tf.IndexedSlices(m, rows))
            velocity.scatter_update(tf.IndexedSlices(v, rows))
            variable.scatter_sub(tf.IndexedSlices(rate * m / (tf.sqrt(v) + self.epsilon), rows))

    return LazyAdam(learning_rate, beta_2=beta_2)


@contextlib.contextmanager
def spread_over(devices: int) -> Iterator[None]:
    """What is built and compiled inside trains on several devices of this machine, each on its part of every batch.

    They add up their gradients at each step, so the result is that of one device but for rounding. GPUs where there are
    any, else the processor taken for several: slower than one, and good for trying it out.

    Source: tf.distribute.MirroredStrategy, https://www.tensorflow.org/guide/distributed_training

    Args:
        devices: how many; 1: nothing is changed.

    Raises:
        StageError: there are GPUs, but not so many.
    """
    if devices == 1:
        yield
        return
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)  # hidden by stages/__init__.py; TensorFlow has not looked yet
    import tensorflow as tf

    if found := tf.config.list_physical_devices("GPU"):
        if len(found) < devices:
            raise StageError(f"params.yaml asks for {devices} devices and this machine has {len(found)} GPUs")
        names = [f"/gpu:{number}" for number in range(devices)]
    else:
        whole = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(whole, [tf.config.LogicalDeviceConfiguration()] * devices)
        names = [f"/cpu:{number}" for number in range(devices)]
    with tf.distribute.MirroredStrategy(names).scope():
        yield


def permutations(rows: int, seed: int) -> Callable[[int, int], np.ndarray]:
    """An endless sequence of row numbers: each pass over the data a fresh permutation.

    Returns:
        A function (first, last) → row numbers at the positions first..last-1 of the sequence. It keeps no state, so a
        resumed training sees the rows it would have seen.
    """

    def positions(first: int, last: int) -> np.ndarray:
        passes = range(first // rows, (last - 1) // rows + 1)
        order = [np.random.default_rng([seed, number]).permutation(rows) for number in passes]
        return np.concatenate(order)[first - passes.start * rows :][: last - first]

    return positions


def batches(x: np.ndarray, y: np.ndarray, size: int) -> Any:
    """Inputs and targets in their order, `size` rows at a time, as a tf.data.Dataset for `fit`."""
    import tensorflow as tf

    x, y = tf.constant(x), tf.constant(y)
    starts = tf.data.Dataset.range(0, len(x), size)
    return starts.map(lambda start: (x[start : start + size], y[start : start + size])).prefetch(2)


def untuned(dataset: Any) -> Any:
    """A tf.data.Dataset that starts no thread to tune itself.

    Whoever lets go of a dataset waits for that thread, which sleeps for 10, 20, 40 ... ms: an epoch of 6 s took 10.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def steps_of(epoch: int, *, steps: int, epochs: int) -> range:
    """The optimizer steps of an epoch, when `steps` are spread over `epochs` as evenly as whole numbers allow."""
    return range(steps * epoch // epochs, steps * (epoch + 1) // epochs)


class Checkpoint:
    """The progress of one training, kept outside the pipeline's outputs, which DVC deletes before a stage starts.

    A checkpoint is taken up again only by the same training: its name holds a hash of the params, the input files, the
    stage's code (with the pins in stages/__init__.py), the packages and the kind of machine.

    Args:
        name: of the network, for the file and the log.
        settings: everything from params.yaml that the training obeys.
        inputs: the files it reads.
    """

    def __init__(self, name: str, settings: dict[str, Any], inputs: Sequence[str | Path]) -> None:
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=_plain).encode())
        for path in [*inputs, *_code()]:
            digest.update(hashlib.sha256(artifacts.read_bytes(path)).digest())
        environment = [platform.machine(), *platform.python_version_tuple()[:2], *map(version, PACKAGES)]
        digest.update(repr(environment).encode())
        self.name = name
        self.path = CHECKPOINTS / f"{name}-{digest.hexdigest()[:16]}.npz"

    def load(self) -> dict[str, np.ndarray] | None:
        """The state last saved, or None to start at the beginning."""
        for other in CHECKPOINTS.glob(f"{self.name}-{'?' * 16}.npz"):
            if other != self.path:
                other.unlink()  # of an older configuration: can never be taken up again
        for half in CHECKPOINTS.glob(f".{self.name}-{'?' * 16}.npz.tmp"):
            half.unlink()  # a kill struck while it was written
        if not self.path.exists():
            return None
        try:
            return artifacts.read_npz(self.path)
        except StageError as error:
            print(f"{self.name}: {error}; starting over", flush=True)
            return None

    def save(self, **state: np.ndarray) -> None:
        """Replace the saved state; atomic, so a kill leaves the old one or the new one."""
        artifacts.write_npz(self.path, **state)

    def remove(self) -> None:
        """Call when all that the stage makes has been written: the next run is to train, not to take up."""
        self.path.unlink(missing_ok=True)


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
    """Train a compiled model and leave it with the weights of its best epoch.

    Training must have no state but the model's and the optimizer's variables and the epoch number: then a run that was
    killed goes on from its last whole epoch and ends with the same bits.

    Args:
        model: compiled Keras model.
        epoch_data: epoch → its batches, a tf.data.Dataset of known length (see `batches`); a pure function, which
            does the shuffling too.
        epochs: number of blocks of steps; after each one `validate` runs and the state is saved.
        validate: model → measures on the validation part, without `val_` in their names.
        checkpoint: where the state is kept meanwhile. The caller removes it when it has written the model.
        monitor: which measure chooses the best epoch.
        mode: "min" or "max".

    Returns:
        The history: a dict per epoch with `epoch` (from 1), the training measures and the validation measures.

    Raises:
        StageError: the loss is not a number any more.
    """
    started = time.perf_counter()
    history: list[dict[str, float]] = []
    best: list[np.ndarray] = []
    model.optimizer.build(model.trainable_variables)
    if (state := checkpoint.load()) is not None:
        history = json.loads(str(state.pop("history")))
        best = [state.pop(f"best_{i}") for i in range(len(model.weights))]
        _assign(_variables(model), [state[f"variable_{i}"] for i in range(len(state))])
        at = f"at epoch {len(history) + 1} of {epochs}" if len(history) < epochs else f"after all {epochs} epochs"
        print(f"{checkpoint.name}: resumed {at}", flush=True)
    progress = _progress_bar(epochs)
    for epoch in range(len(history), epochs):
        measures = model.fit(
            untuned(epoch_data(epoch)),
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,  # of a Dataset Keras cannot; said, so that it does not warn
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=[progress],
        ).history
        row = {"epoch": epoch + 1, **{name: float(values[-1]) for name, values in measures.items()}}
        row |= {f"val_{name}": float(value) for name, value in validate(model).items()}
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
        # After it is saved: an epoch that has been told is never trained again.
        print(f"{checkpoint.name}: {_sentence(row)}{' (best)' if improved else ''}", flush=True)
    _assign(model.weights, best)
    print(f"{checkpoint.name}: trained in {time.perf_counter() - started:.0f} s", flush=True)
    return history


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
    """Keras' own progress bar, told that the fits of one epoch each belong to one training."""
    import keras

    class Progress(keras.callbacks.ProgbarLogger):
        def set_params(self, params: dict[str, Any]) -> None:
            super().set_params({**params, "epochs": total})

    return Progress()


def _sentence(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in row.items())


def _code() -> list[Path]:
    """The files of this repository that the running stage has imported."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] == "stages"]
    files = {Path(module.__file__) for module in modules if getattr(module, "__file__", None)}
    if (main := getattr(sys.modules["__main__"], "__file__", None)) is not None:
        files.add(Path(main))
    return sorted(files)


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.model_dump()
    raise TypeError(f"not a setting: {value!r}")
