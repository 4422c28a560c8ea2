"""The denoisers: noisy digit → clean digit."""

from collections.abc import Sequence

import keras
from keras import layers

from stages.core import model_files
from stages.core.digits import SIDE
from stages.params import Noise
from stages.training.layers import fully_connected


class Carried(model_files.Carried):
    """What the file of a denoiser carries."""

    names, what = ("conv", "dense"), "a denoiser of digits"

    noise_std: Noise  # of the training


def dense(latent: int, hidden: Sequence[int]) -> keras.Model:
    """The network that `fully_connected` describes: with equal `hidden`, the basic autoencoder."""
    return fully_connected(latent, hidden, name="dense")


def conv(channels: Sequence[int], units: int) -> keras.Model:
    """A small convolutional denoising autoencoder: shape (n, 28, 28) in [0, 1] → the same shape in (0, 1).

    `channels` are of the layers at 14 × 14 and at 7 × 7, `units` of the fully connected layer.

    Two strided convolutions bring the image to 7 × 7; a fully connected layer sees all of it at once and guesses the
    digit's shape, a residual block sees each place; both are summed and brought back to 28 × 28. A shortcut at 14 × 14
    keeps the strokes in place. No convolution runs at full resolution, where it would cost the most and see the least.

    Source: the shortcut between encoder and decoder is that of Ronneberger et al. 2015, "U-Net", MICCAI, figure 1,
    added instead of concatenated; the block is that of He et al. 2016, "Deep Residual Learning", CVPR, figure 2.
    """
    fine, coarse = channels
    small = SIDE // 4
    image = keras.Input((SIDE, SIDE), name="noisy_image")
    x = layers.Reshape((SIDE, SIDE, 1), name="pixels")(image)
    x = convolution(fine, 4, "encoder_fine", strides=2)(x)
    shortcut = x = convolution(fine, 3, "encoder_fine_2")(x)
    x = convolution(coarse, 4, "encoder_coarse", strides=2)(x)

    whole = layers.Flatten(name="whole")(convolution(max(1, coarse // 2), 1, "squeeze")(x))
    whole = layers.Dense(units, activation="relu", name="shape")(whole)
    whole = layers.Dense(small * small * coarse, name="unsqueeze")(whole)
    x = layers.Add(name="whole_and_place")([x, layers.Reshape((small, small, coarse), name="places")(whole)])
    x = layers.ReLU(name="middle")(x)

    block = convolution(coarse, 3, "block_1")(x)
    block = convolution(coarse, 3, "block_2", activation=None)(block)
    x = layers.ReLU(name="block")(layers.Add(name="block_sum")([x, block]))

    x = layers.Conv2DTranspose(fine, 2, strides=2, name="decoder_coarse")(x)
    x = layers.ReLU(name="decoder_fine")(layers.Add(name="with_shortcut")([x, shortcut]))
    x = convolution(fine, 3, "decoder_fine_2")(x)
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", name="clean_pixels")(x)
    x = layers.Reshape((SIDE, SIDE), name="pixel_logits")(x)
    return keras.Model(image, layers.Activation("sigmoid", name="clean_image")(x), name="conv")


def convolution(
    filters: int, size: int, name: str, *, strides: int = 1, activation: str | None = "relu"
) -> layers.Layer:
    """A convolution that keeps height and width, but for `strides`."""
    options = {"padding": "same", "activation": activation, "kernel_initializer": "he_normal", "name": name}
    return layers.Conv2D(filters, size, strides=strides, **options)
