"""The text model by the size of its text: python -m benchmarks.learning_curve [--quick].

For each size the training text is a draw of the packaged plays, other plays for each seed; the test text is of a play
that none of them has. Beside the text model: n-grams of the order that validation chooses, and bzip2.

The table is benchmarks/learning_curve.csv. What it has is not measured again: remove a line to measure it anew.
"""

from functools import partial
from pathlib import Path

import numpy as np

import tools
from benchmarks import common
from benchmarks.textgen import QUICK, our_model, plays

OUTPUT = Path("benchmarks/learning_curve.csv")
SIZES, SEEDS = (30_000, 100_000, 300_000, 1_000_000, 3_000_000, 100_000_000), (7, 8, 9)  # the last is more than all
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


def measure(characters: int, seed: int, quick: bool) -> dict[str, float]:
    """Figures of the text model on drawn plays, with the seconds of its train stage, and of its baselines."""
    text, test = drawn(characters, seed)
    shares = {"textgen.holdout.test": test, "textgen.holdout.validation": VALIDATION * (1 - test)}
    settings = {"seed": seed, **SAMPLES, **shares, **(QUICK if quick else {})}
    ours = our_model(text, settings)
    return {
        **{name: ours[name] for name in ("nats", "seconds", "longest_copy")},
        "lstm": ours["branches"]["lstm"]["nats"],
        **{name: ours["baselines"][name] for name in ("ngram", "bzip2")},
        **dict(zip(("minus_ngram_low", "minus_ngram_high"), ours["nats_minus_ngram_interval"], strict=True)),
    }


def main(*options: str) -> None:
    """Measure what the table lacks; a quick run only checks that all works, and keeps nothing."""
    quick = "--quick" in options
    sizes, seeds = ((20_000,), SEEDS[:1]) if quick else (SIZES, SEEDS)
    most = len("\n\n".join(text for title, text in plays().items() if title != HELD_OUT))
    draws = [{"characters": min(size, most), "seed": seed} for seed in seeds for size in sizes]
    common.complete(OUTPUT, draws, partial(measure, quick=quick), keep=not quick)


if __name__ == "__main__":
    tools.run(main)
