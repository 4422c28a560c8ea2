"""A picture through the network, light on dark, in tiles of 28 × 28 pixels: python example.py picture.png result.png"""

import os
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or onnxruntime sends its maker how it is used
import numpy as np
import onnxruntime
from PIL import Image
from tiles import denoise

session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))
name = session.get_inputs()[0].name
source, target = sys.argv[1:]
picture = np.asarray(Image.open(source).convert("L"), np.float32) / 255
result = denoise(lambda tiles: session.run(None, {name: tiles})[0], picture)
Image.fromarray(np.rint(result * 255).astype(np.uint8)).save(target)
