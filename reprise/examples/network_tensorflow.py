"""The network, by TensorFlow."""

from pathlib import Path

import numpy as np
import tensorflow as tf

model = tf.saved_model.load(Path(__file__).with_name("model"))


def run(inputs: np.ndarray | dict[str, np.ndarray]) -> np.ndarray:
    """The output for the input, or for several by their names."""
    return model.serve(inputs).numpy()
