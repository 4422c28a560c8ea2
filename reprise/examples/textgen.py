"""Go on with a text: python example.py "ROMEO:" [characters] [temperature] [seed]"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
from characters import decode, encode, sample
from network import run

READ = 1000  # characters of a prompt
settings = json.loads(Path(__file__).with_name("settings.json").read_text("utf-8"))
prompt, length, temperature, seed = [*sys.argv[1:], *["", 500, 0.8, settings["seed"]][len(sys.argv) - 1 :]]
whole = np.zeros((1, 0), np.int32)


def read(ids: np.ndarray) -> np.ndarray:
    """The logits of what follows; this network keeps no state, so it reads the whole text again."""
    global whole
    whole = np.concatenate([whole, ids], axis=1)
    return run(whole)[:, -1]


print(prompt[-READ:], end="", flush=True)
begun = encode(prompt[-READ:] or "\n", settings["vocabulary"])
for ids, _ in itertools.islice(sample(read, begun, [float(temperature)], seed=int(seed)), int(length)):
    print(decode(ids, settings["vocabulary"]), end="", flush=True)
print()
