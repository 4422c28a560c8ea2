"""Optimizers and learning rates."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

BETA_2 = 0.99  # decay of Adam's second moment; Keras' 0.999 averages over more steps than these trainings have


def warmup_cosine(peak: float, steps: int, *, warmup: float = 0.05) -> Any:
    """Learning rate that rises to `peak` over the first `warmup` share of `steps`, then falls to 0 as a cosine.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR, equation 5 (one
    period, no restart).
    """
    first = max(1, round(warmup * steps))
    return keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - first), warmup_target=peak, warmup_steps=first)


def adam(learning_rate: Any, *, clip: float | None = None) -> Any:
    """Keras' Adam with a second moment that is forgotten ten times sooner: see `BETA_2`.

    Source: Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", ICLR, algorithm 1. `clip` is the greatest
    norm of the whole gradient; None: it is not clipped.
    """

    class Adam(keras.optimizers.Adam):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            # Of an embedding, the sum of all readings of a row: Keras would square each one by itself.
            super().apply([tf.convert_to_tensor(grad) for grad in _clipped(grads, clip)], trainable_variables)

    return Adam(learning_rate, beta_2=BETA_2)


def muon(learning_rate: Any, *, clip: float | None = None) -> Any:
    """Keras' Muon for the kernels of LSTMs and convolutions, Adam for everything else.

    Adam scales each weight's step by itself. Muon makes the step of a whole matrix nearly orthogonal, so that no few
    directions dominate it: these layers need about half the steps. It pays for that with products of the matrix with
    itself, whose cost grows with the square of its smaller side; for wide dense layers they cost more than they save.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon/; the scale of the step, with which Adam and Muon share a learning rate:
    Liu et al. 2025, "Muon is Scalable for LLM Training", arXiv:2502.16982, equation 4.

    `clip`: as for `adam`. Of an embedding, each reading of a row is squared by itself, not their sum: so its second
    moment is smaller and its steps are longer, without which the text model's LSTM is worse.
    """

    class Muon(keras.optimizers.Muon):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            super().apply(_clipped(grads, clip), trainable_variables)

        def _should_use_adamw(self, variable: Any) -> bool:
            of_lstm = variable.path.endswith(("lstm_cell/kernel", "lstm_cell/recurrent_kernel"))
            of_convolution = len(variable.shape) > 2
            return not (of_lstm or of_convolution)

        def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
            # A convolution is one matrix: from all that it sees at a place to what it gives there.
            matrix = super().zeropower_via_newtonschulz5(tf.reshape(x, (-1, x.shape[-1])), steps)
            return tf.reshape(matrix, x.shape)

        def lr_adjust(self, x: Any) -> Any:
            rows, columns = math.prod(x.shape[:-1]), x.shape[-1]
            return x * (self.rms_rate * math.sqrt(max(rows, columns)))

    # Keras' momentum of 0.95 averages over twenty steps, which is long for trainings of a few hundred.
    return Muon(learning_rate, momentum=0.9, adam_beta_2=BETA_2, weight_decay=None, adam_weight_decay=None)


def _clipped(gradients: Sequence[Any], clip: float | None) -> Sequence[Any]:
    """Gradients whose norm, of all together, is at most `clip`; of an embedding read twice, each reading counts alone.

    TensorFlow's `clip_by_global_norm`, which Keras calls, takes a reciprocal as roughly as the processor gives it.
    """
    if clip is None:
        return gradients
    norm = tf.linalg.global_norm(gradients)
    # Not clip / norm: TensorFlow makes a constant over y a `Reciprocal`.
    scale = tf.minimum(norm, clip) / tf.maximum(norm, 1e-30)
    return [
        tf.IndexedSlices(gradient.values * scale, gradient.indices, gradient.dense_shape)
        if isinstance(gradient, tf.IndexedSlices)
        else gradient * scale
        for gradient in gradients
    ]
