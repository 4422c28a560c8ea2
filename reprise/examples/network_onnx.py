"""The network, by onnxruntime."""

from pathlib import Path

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"), providers=["CPUExecutionProvider"])


def run(inputs: np.ndarray | dict[str, np.ndarray]) -> np.ndarray:
    """The output for the input, or for several by their names."""
    return session.run(None, inputs if isinstance(inputs, dict) else {session.get_inputs()[0].name: inputs})[0]
