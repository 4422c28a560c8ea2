"""What more than one task does with a network: the layers that digits share, a loss, the start of an LSTM."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from stages.core.digits import SIDE
from stages.core.rng import rng


def fully_connected(latent: int, hidden: Sequence[int], *, name: str) -> keras.Model:
    """Images, shape (n, 28, 28), → `latent` numbers → images in (0, 1).

    The autoencoder and the dense denoiser are both this network. `hidden` are the sizes of further layers before the
    code, mirrored after it; none for 784 → latent → 784. The code itself is linear, as in PCA: with ReLU there, some of
    its units die and carry nothing.
    """
    image = keras.Input((SIDE, SIDE), name="image")
    x = layers.Flatten(name="pixels")(image)
    for number, width in enumerate(hidden):
        x = layers.Dense(width, activation="relu", name=f"encoder_{number + 1}")(x)
    x = layers.Dense(latent, name="code")(x)
    for number, width in enumerate(reversed(hidden)):
        x = layers.Dense(width, activation="relu", name=f"decoder_{number + 1}")(x)
    x = layers.Dense(SIDE * SIDE, name="reconstructed_pixels")(x)
    x = layers.Reshape((SIDE, SIDE), name="pixel_logits")(x)
    return keras.Model(image, layers.Activation("sigmoid", name="reconstruction")(x), name=name)


def before_sigmoid(model: keras.Model) -> keras.Model:
    """The same network without the sigmoid that it ends in: what it is trained as, by `binary_cross_entropy`."""
    return keras.Model(model.input, model.layers[-1].input, name=model.name)


def apply(model: keras.Model, images: np.ndarray, *, batch: int = 500) -> np.ndarray:
    """Images through a model, shape (n, 28, 28) in [0, 1] → (n, ...).

    The model is called as it is: `predict` would compile it anew for each size of the last batch.
    """
    outputs = [model(images[start : start + batch], training=False) for start in range(0, len(images), batch)]
    return np.concatenate([keras.ops.convert_to_numpy(output) for output in outputs])


def binary_cross_entropy(targets: Any, logits: Any) -> Any:
    """Binary cross-entropy in nats, mean over the last axis; the gradient by the logits is sigmoid(logits) - targets.

    That gradient is given here, not derived. TensorFlow derives the one of a logarithm with its `Reciprocal`, which
    refines the processor's own approximation of 1 / x: Intel's and AMD's differ, and so would the weights.

    Source: Bishop 2006, "Pattern Recognition and Machine Learning", equations 4.90 and 4.91.

    Args:
        targets: in [0, 1], shape (n, ...).
        logits: of the same shape; the network's output before its sigmoid.
    """

    @tf.custom_gradient
    def loss(logits: Any) -> tuple[Any, Any]:
        def gradient(upstream: Any) -> Any:
            return upstream * (tf.sigmoid(logits) - targets)

        return tf.nn.softplus(logits) - logits * targets, gradient

    targets, logits = tf.convert_to_tensor(targets), tf.convert_to_tensor(logits)
    return tf.reduce_mean(loss(logits), axis=-1)


def start_orthogonal(model: keras.Model, seed: int) -> None:
    """Give each LSTM of a new model a recurrent kernel with orthonormal rows, to the same bits on every processor.

    That is how Keras starts them too (Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR), but by TensorFlow's QR decomposition, which takes reciprocals as
    roughly as the processor gives them. Here it is LAPACK's, in float64.
    """
    recurrent = []
    for layer in model.layers:
        if isinstance(layer, layers.Bidirectional):
            recurrent += [layer.forward_layer, layer.backward_layer]
        elif isinstance(layer, layers.LSTM):
            recurrent.append(layer)
    for number, layer in enumerate(recurrent):
        rows, columns = layer.cell.recurrent_kernel.shape
        q, r = np.linalg.qr(rng(seed, "orthogonal start", number).normal(size=(columns, rows)))
        layer.cell.recurrent_kernel.assign((q * np.sign(np.diag(r))).T.astype(np.float32))
