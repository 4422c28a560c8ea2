"""Seconds and memory of each train stage, by data size and threads: python -m benchmarks.scaling [--quick].

The length of a training is set in optimizer steps, so more data should cost memory but little time. To keep this to
minutes, every stage takes few steps; start-up, reading and validation are complete. Half the data is made with
`data.limit`, twice and four times by repeating the preprocessed data, validation included.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.sentiment import BESIDES
from stages.core import artifacts
from stages.core.split import PARTS
from stages.params import Params

STEPS = 100
SIZES = (0.5, 1, 2, 4)
# Task, its train stage, its section in params.yaml, its data, raw and preprocessed.
STAGES = (
    ("autoencoder", "autoencoder.train", "autoencoder.training", "data/raw/digits.npz", "data/autoencoder/digits.npz"),
    ("denoiser", "denoiser.train dense", "denoiser.dense.training", "data/raw/digits.npz", "data/denoiser/digits.npz"),
    ("denoiser", "denoiser.train conv", "denoiser.conv.training", "data/raw/digits.npz", "data/denoiser/digits.npz"),
    ("textgen", "textgen.train", "textgen.training", "data/raw/text.txt", "data/textgen/characters.npz"),
    ("sentiment", "sentiment.train", "sentiment.training", "data/raw/reviews.csv", "data/sentiment/reviews.npz"),
)


def measure(params: Params, quick: bool) -> dict[str, Any]:
    """Under `steps` how many were taken; under `stages` a line for each train stage, size of the data and threads."""
    steps = 4 if quick else STEPS
    lines = []
    for task, command, section, raw, made in STAGES[-1:] if quick else STAGES:
        everything = artifacts.read_npz(made)
        names = BESIDES if task == "sentiment" else ()
        half, half_besides = halved(task, raw, made, everything, names)
        all_besides = {name: artifacts.read_bytes(name) for name in names}
        for size in SIZES[:2] if quick else SIZES:
            data, besides = (half, half_besides) if size < 1 else (repeated(everything, int(size)), all_besides)
            for threads in (1, 2) if size == 1 else (2,):
                changes = {f"{section}.steps": steps, f"{section}.epochs": 2, "threads": threads}
                with common.scratch(changes) as folder:
                    artifacts.write_npz(folder / made, **data)
                    for name, content in besides.items():
                        artifacts.write_bytes(folder / name, content)
                    usage = common.stage(folder, *command.split())
                line = {"stage": command, "size": size, "threads": threads, **usage._asdict()}
                print(line, flush=True)
                lines.append(line)
    return {"steps": steps, "stages": lines}


def halved(
    task: str, raw: str, made: str, everything: dict[str, np.ndarray], besides: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, bytes]]:
    """Preprocessed data from half of the raw data, and the files that must be of the same vocabulary."""
    rows = f"{PARTS[0]}_labels"
    count = sum(len(everything[f"{part}_labels"] if rows in everything else everything[part]) for part in PARTS)
    with common.scratch({"data.limit": max(100, count // 2)}) as folder:
        target = folder / raw
        target.parent.mkdir(parents=True)
        target.symlink_to(Path(raw).resolve())
        common.stage(folder, f"{task}.preprocess")
        return artifacts.read_npz(folder / made), {name: artifacts.read_bytes(folder / name) for name in besides}


def repeated(data: dict[str, np.ndarray], times: int) -> dict[str, np.ndarray]:
    """Every array that belongs to a part, so many times over; what belongs to all, such as a vocabulary, once."""
    return {name: np.concatenate([array] * times) if name.startswith(PARTS) else array for name, array in data.items()}


if __name__ == "__main__":
    common.part(measure, "scaling")
