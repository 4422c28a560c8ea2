"""The text model by the size of its text: python -m benchmarks.learning_curve [--quick] [--peers].

For each size the training text is a draw of the packaged plays, other plays for each seed; the test text is of a play
that none of them has. Beside the text model: n-grams of the order that validation chooses, bzip2; with --peers, for
the draws of the first seed, also a plain LSTM, the best on validation of four sizes, and the GPT of
`benchmarks.peers.gpt`, which needs PyTorch.

The table is benchmarks/learning_curve.csv. What it has is not measured again: remove a line to measure it anew.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tools
from benchmarks import common
from benchmarks.textgen import QUICK, RAW, plays
from stages.core import artifacts
from stages.params import load

OUTPUT = Path("benchmarks/learning_curve.csv")
SIZES, SEEDS = (30_000, 100_000, 300_000, 1_000_000, 3_000_000, 100_000_000), (7, 8, 9)  # the last is more than all
UNITS = (64, 128, 256, 512)  # of the plain LSTM
PLAIN = {"textgen.ngrams.contexts": 0, "textgen.network.dropout": 0.0}
VALIDATION = 0.05  # of the training text, cut off its end, as textgen.holdout does
HELD_OUT = "King Lear"
SAMPLES = {"textgen.temperatures": [1.0], "textgen.sampling.samples": 8}


def drawn(characters: int, seed: int) -> tuple[str, float]:
    """So many characters of plays, or all there are, in an order of the seed's, and as much of another play as a text
    may hold out, to test on; and the share of that in the text.
    """
    others = plays()
    test = others.pop(HELD_OUT)[: int(0.9 * characters)]
    training = "\n\n".join(np.random.default_rng(seed).permutation([*others.values()]))[:characters]
    return training + test, len(test) / len(training + test)


@contextmanager
def trained(characters: int, seed: int, changes: dict[str, Any]) -> Iterator[tuple[Path, common.Usage]]:
    """A folder with the text model trained on these plays; what its train stage used."""
    text, test = drawn(characters, seed)
    shares = {"textgen.holdout.test": test, "textgen.holdout.validation": VALIDATION * (1 - test)}
    with common.scratch({"data.limit": None, "seed": seed, **SAMPLES, **shares, **changes}) as folder:
        artifacts.write_text(folder / RAW, text)
        common.stage(folder, "textgen.preprocess")
        yield folder, common.stage(folder, "textgen.train")


def evaluated(folder: Path) -> dict[str, Any]:
    """Figures of the text model that was trained in a folder."""
    common.stage(folder, "textgen.evaluate")
    return common.figures("textgen", folder)


def measure(characters: int, seed: int, changes: dict[str, Any], peers: bool) -> dict[str, float]:
    """Figures of the text model on drawn plays, with the seconds of its train stage, and of the peers."""
    with trained(characters, seed, changes) as (folder, usage):
        figures = evaluated(folder)
        (sampled,) = artifacts.read_json(folder / "models/textgen-samples.json")
    low, high = figures["nats_minus_ngram_interval"]
    found = {
        "nats": figures["nats"],
        "lstm": figures["branches"]["lstm"]["nats"],
        **{name: figures["baselines"][name] for name in ("ngram", "bzip2")},
        **{"minus_ngram_low": low, "minus_ngram_high": high, "seconds": usage.seconds},
        **{name: sampled["measures"][name] for name in ("longest_copy", "copied")},
    }
    if peers and seed == SEEDS[0]:
        found |= plain(characters, seed, changes) | gpt(characters, seed, 20 if changes else 2000)
    return found


def plain(characters: int, seed: int, changes: dict[str, Any]) -> dict[str, float]:
    """A plain LSTM: no n-grams, no dropout; the size that is best on validation."""
    with ExitStack() as stack:
        found = {}
        for units in UNITS:
            folder, _ = stack.enter_context(
                trained(characters, seed, {**PLAIN, **changes, "textgen.network.units": [units]})
            )
            losses = artifacts.read_csv(folder / "plots/textgen/history.csv")["val_loss"]
            found[units] = losses.min(), folder  # of the epochs; the best one's weights are kept
        best = min(found, key=lambda units: found[units][0])
        return {"plain_lstm": evaluated(found[best][1])["nats"], "plain_lstm_units": best}


def gpt(characters: int, seed: int, iterations: int) -> dict[str, float]:
    """The GPT, which trains on the validation text, too."""
    text, test = drawn(characters, seed)
    settings = {"test": test, "threads": load().threads, "iterations": iterations}
    with common.scratch({}) as folder:
        artifacts.write_text(folder / "text.txt", text)
        return {"gpt": common.peer("gpt", {**settings, "text": str(folder / "text.txt")})["nats"]}


def main(*options: str) -> None:
    """Measure what the table lacks; a quick run only checks that all works, and keeps nothing."""
    quick = "--quick" in options
    sizes, seeds = ((20_000,), SEEDS[:1]) if quick else (SIZES, SEEDS)
    most = len("\n\n".join(text for title, text in plays().items() if title != HELD_OUT))
    draws = [{"characters": min(size, most), "seed": seed} for seed in seeds for size in sizes]
    work = partial(measure, changes=QUICK if quick else {}, peers="--peers" in options)
    common.complete(OUTPUT, draws, work, keep=not quick)


if __name__ == "__main__":
    tools.run(main)
