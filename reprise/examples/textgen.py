"""Go on with a text: python example.py "ROMEO:" [characters] [temperature] [seed]"""

import itertools
import json
import os
import sys
import unicodedata
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # or onnxruntime sends its maker how it is used
import numpy as np
import onnxruntime
from characters import decode, encode, sample

HERE = Path(__file__).parent
READ = 1000  # characters of a prompt
session = onnxruntime.InferenceSession(HERE / "model.onnx")
vocabulary, seed = (json.loads((HERE / f"{name}.json").read_text("utf-8")) for name in ("vocabulary", "seed"))
text = np.zeros((1, 0), np.int32)


def read(ids: np.ndarray) -> np.ndarray:
    """Logits of the next character; the network has no memory of its own here, so it reads the whole text again."""
    global text
    text = np.concatenate([text, ids], axis=1)
    return session.run(None, {"characters": text})[0][:, -1]


prompt, length, temperature, seed = [*sys.argv[1:], *["", 500, 0.8, seed][len(sys.argv) - 1 :]]
prompt = unicodedata.normalize("NFC", prompt)
ids = encode(prompt[-READ:] or "\n", vocabulary)
print(prompt[-READ:], end="", flush=True)
for character, _ in itertools.islice(sample(read, ids, [float(temperature)], seed=int(seed)), int(length)):
    print(decode(character, vocabulary), end="", flush=True)
print()
