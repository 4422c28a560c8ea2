"""Losses with an exact gradient: the same bits on every processor."""

from typing import Any


def binary_cross_entropy(targets: Any, logits: Any) -> Any:
    """Binary cross-entropy in nats, mean over the last axis; the gradient by the logits is sigmoid(logits) - targets.

    That gradient is given here, not derived. TensorFlow derives the one of a logarithm with its `Reciprocal`, which
    refines the processor's own approximation of 1 / x: Intel's and AMD's differ, and so would the weights.

    Source: Bishop 2006, "Pattern Recognition and Machine Learning", equations 4.90 and 4.91.

    Args:
        targets: in [0, 1], shape (n, ...).
        logits: of the same shape; the network's output before its sigmoid.

    Returns:
        Shape (n, ...) without the last axis.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def loss(logits: Any) -> tuple[Any, Any]:
        def gradient(upstream: Any) -> Any:
            return upstream * (tf.sigmoid(logits) - targets)

        return tf.nn.softplus(logits) - logits * targets, gradient

    targets, logits = tf.convert_to_tensor(targets), tf.convert_to_tensor(logits)
    return tf.reduce_mean(loss(logits), axis=-1)
