"""Encode a digit of 28 × 28 pixels, light on dark, and decode it again: python example.py digit.png copy.png"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))
source, target = sys.argv[1:]
digit = np.asarray(Image.open(source).convert("L"), np.float32) / 255
copy = session.run(None, {"image": digit[None]})[0][0]
Image.fromarray(np.rint(copy * 255).astype(np.uint8)).save(target)
print(f"mean squared error {np.mean(np.square(digit.astype(np.float64) - copy)):.5f}")
