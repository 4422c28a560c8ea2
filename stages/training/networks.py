"""What more than one task does with a network of digits."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from stages.core.digits import SIDE


def fully_connected(latent: int, hidden: Sequence[int], *, name: str) -> keras.Model:
    """Image of 28 × 28 pixels → `latent` numbers → image; sigmoid at the end, so that pixels stay in (0, 1).

    The autoencoder and the dense denoiser are both this network, each with its own `hidden`.

    Args:
        latent: size of the code.
        hidden: sizes of further layers before the code, mirrored after it; none for 784 → latent → 784.
        name: of the model.

    Returns:
        A model from shape (n, 28, 28) to the same shape. The code itself is linear, as in PCA: with ReLU there, some of
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
    """The same network without the sigmoid that it ends in: what it is trained as, by `losses.binary_cross_entropy`."""
    return keras.Model(model.input, model.layers[-1].input, name=model.name)


def apply(model: keras.Model, images: np.ndarray, *, batch: int = 500) -> np.ndarray:
    """Images through a model, shape (n, 28, 28) in [0, 1] → (n, ...).

    The model is called as it is: `predict` would compile it anew for each size of the last batch.
    """
    batches = [images[start : start + batch] for start in range(0, len(images), batch)]
    return np.concatenate([keras.ops.convert_to_numpy(model(part, training=False)) for part in batches])


def start_orthogonal(model: keras.Model, seed: int) -> None:
    """Give each LSTM of a new model a recurrent kernel with orthonormal rows, to the same bits on every processor.

    That is how Keras starts them too (Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR), but by TensorFlow's QR decomposition, which takes reciprocals as
    roughly as the processor gives them. Here it is LAPACK's, in float64.

    Args:
        model: with layers `LSTM` or `Bidirectional` of them.
        seed: of the random numbers.
    """
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
