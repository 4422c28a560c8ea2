"""The autoencoder: digit → code → digit, all layers fully connected."""

from collections.abc import Sequence

import keras
import numpy as np

from stages.core import model_files
from stages.training import layers


class Carried(model_files.Carried):
    """What the file of an autoencoder carries."""

    names, what = ("autoencoder",), "an autoencoder of digits"


def build(latent: int, hidden: Sequence[int]) -> keras.Model:
    """The network that `layers.fully_connected` describes."""
    return layers.fully_connected(latent, hidden, name="autoencoder")


def latent_of(model: keras.Model) -> int:
    """Size of a trained model's code."""
    return model.get_layer("code").units


def encode(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Codes of images: shape (n, 28, 28) in [0, 1] → (n, latent)."""
    return layers.apply(keras.Model(model.input, model.get_layer("code").output), images)


def reconstruct(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Images through the code and back: shape (n, 28, 28) in [0, 1], both ways."""
    return layers.apply(model, images)
