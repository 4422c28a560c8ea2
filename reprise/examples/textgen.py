"""Go on with a text: python example.py "ROMEO:" [characters] [temperature] [seed]"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from network import run

READ = 1000  # characters of a prompt
settings = json.loads(Path(__file__).with_name("settings.json").read_text("utf-8"))
vocabulary = settings["vocabulary"]  # the character of each id; 0 stands for all that it lacks
number = {character: place for place, character in enumerate(vocabulary) if place}


def write(prompt: str, length: int, temperature: float, seed: int) -> Iterator[str]:
    """One character after the other: each is drawn from the network's distribution after all before it."""
    chance = np.random.default_rng([seed, 3, 0])
    ids = [number.get(character, 0) for character in prompt[-READ:] or "\n"]
    for _ in range(length):
        logits = run(np.array([ids], np.int32))[0, -1].astype(np.float64)
        logits[0] = -np.inf  # no character that the vocabulary lacks
        noise = chance.gumbel(size=len(vocabulary))  # the maximum with it is a draw from the softmax
        ids.append(int(((logits - logits.max()) / temperature + noise).argmax()))
        yield vocabulary[ids[-1]]


prompt, length, temperature, seed = [*sys.argv[1:], *["", 500, 0.8, settings["seed"]][len(sys.argv) - 1 :]]
print(prompt[-READ:], end="", flush=True)
for character in write(prompt, int(length), float(temperature), int(seed)):
    print(character, end="", flush=True)
print()
