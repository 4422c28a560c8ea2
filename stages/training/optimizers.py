"""Optimizers and learning rates."""

from typing import Any


def warmup_cosine(peak: float, steps: int, *, warmup: float = 0.05) -> Any:
    """Learning rate that rises to `peak` over the first `warmup` share of `steps`, then falls to 0 as a cosine.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR, equation 5 (one
    period, no restart).
    """
    import keras

    first = max(1, round(warmup * steps))
    return keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - first), warmup_target=peak, warmup_steps=first)


def adam(learning_rate: Any) -> Any:
    """Keras' Adam with a second moment that is forgotten ten times sooner: 0.999 remembers longer than warm-up lasts.

    Source: Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", ICLR, algorithm 1.
    """
    import keras

    return keras.optimizers.Adam(learning_rate, beta_2=0.99)


def lazy_adam(learning_rate: Any, *, beta_2: float = 0.999, clip: float) -> Any:
    """Adam that touches only the embeddings of what a batch has read; Keras' own goes through all rows at every step.

    Adam is Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", ICLR, algorithm 1. Rows that were not read
    keep their moments, as TensorFlow Addons' LazyAdam had it. The gradient's norm is clipped here: Keras'
    `global_clipnorm` would make it dense, and TensorFlow's `clip_by_global_norm` takes a reciprocal as roughly as the
    processor gives it. Of an embedding read twice, each reading counts by itself.

    Args:
        learning_rate: number or schedule.
        beta_2: decay of the second moment.
        clip: greatest norm of the whole gradient.
    """
    import keras
    import tensorflow as tf

    class LazyAdam(keras.optimizers.Adam):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            norm = tf.linalg.global_norm(grads)
            # Not clip / norm: TensorFlow makes a constant over y a `Reciprocal`.
            scale = tf.minimum(norm, clip) / tf.maximum(norm, 1e-30)
            super().apply([_scaled(gradient, scale) for gradient in grads], trainable_variables)

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


def _scaled(gradient: Any, scale: Any) -> Any:
    """A gradient times a number; one of few rows stays one of few rows."""
    import tensorflow as tf

    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * scale, gradient.indices, gradient.dense_shape)
    return gradient * scale
