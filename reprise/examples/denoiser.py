"""Remove noise from a picture, light on dark: python example.py noisy.png clean.png"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tiles import denoise

session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))
name = session.get_inputs()[0].name
source, target = sys.argv[1:]
noisy = np.asarray(Image.open(source).convert("L"), np.float32) / 255
clean = denoise(lambda tiles: session.run(None, {name: tiles})[0], noisy)
Image.fromarray(np.rint(clean * 255).astype(np.uint8)).save(target)
