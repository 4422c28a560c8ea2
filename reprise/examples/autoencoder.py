"""Encode a digit of 28 × 28 pixels, light on dark, and decode it again: python example.py digit.pgm copy.pgm"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from network import run

settings = json.loads(Path(__file__).with_name("settings.json").read_text("utf-8"))


def read(path: str) -> np.ndarray:
    """A grey picture in the format PGM, shape (height, width), values in [0, 1]."""
    content = Path(path).read_bytes()
    header = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", content)
    if header is None:
        sys.exit(f"{path} is not a binary PGM of 8 bits without a comment")
    width, height = int(header[1]), int(header[2])
    return np.frombuffer(content[header.end() :], np.uint8).reshape(height, width).astype(np.float32) / 255


def write(path: str, picture: np.ndarray) -> None:
    """The same, the other way round."""
    header = f"P5\n{picture.shape[1]} {picture.shape[0]}\n255\n".encode()
    Path(path).write_bytes(header + np.rint(picture * 255).astype(np.uint8).tobytes())


source, target = sys.argv[1:]
digit = read(source)
copy = run(digit[None])[0]
write(target, copy)
mse = np.mean(np.square(digit.astype(np.float64) - copy))
print("latent      MSE   PSNR")
print(f"{settings['latent']:>6}  {mse:.5f}  {-10 * np.log10(max(mse, 1e-10)):5.2f}")
