"""The text model by the size of its text: python -m benchmarks.learning_curve [--quick] [--peers].

For each size the training text is a draw of the packaged plays, other plays for each seed; the test text is of a play
that none of them has. Beside the text model: n-grams of the order that validation chooses, bzip2, xz; with --peers, for
the draws of the first seed, also a plain LSTM, the best on validation of four sizes, the GPT of `benchmarks.peers.gpt`,
which needs PyTorch, and, at 1 MB, a larger network that is trained for longer (`LONGER`).

The table is benchmarks/learning_curve.csv. What it has is not measured again: remove it to begin anew.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.textgen import QUICK, RAW, SEPARATOR
from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import load

OUTPUT = Path("benchmarks/learning_curve.csv")
ALL = 100_000_000  # more than there are: every play that is not held out
SIZES, SEEDS = (30_000, 100_000, 300_000, 1_000_000, 3_000_000, ALL), (7, 8, 9)
COLUMNS = {
    "nats": "text model",
    "lstm": "its LSTM",
    "ngram": "n-grams",
    "bzip2": "bzip2",
    "xz": "xz",
    "plain_lstm": "plain LSTM",
    "gpt": "GPT",
    "longer": "text model, longer training",
    "seconds": "train stage of the fastest draw, s",
}
FIGURES = (
    *("nats", "validation_nats", "lstm", "ngram", "bzip2", "xz", "minus_ngram_low", "minus_ngram_high", "seconds"),
    *("memory", "longest_copy", "copied", "plain_lstm", "plain_lstm_units", "gpt", "longer", "longer_seconds"),
)
UNITS = (64, 128, 256, 512)  # of the plain LSTM
PLAIN = {"textgen.ngrams.contexts": 0, "textgen.network.dropout": 0.0}
VALIDATION = 0.05  # of the training text, cut off its end, as textgen.holdout does
HELD_OUT = "King Lear"
LONGER_SIZE = 1_000_000  # characters
LONGER = {"textgen.network.units": [640], "textgen.network.dropout": 0.5, "textgen.training.steps": 8000}
SAMPLES = {"textgen.temperatures": [1.0], "textgen.sampling.samples": 8}


class Draw:
    """A training text, so many characters of plays, or all there are, in an order of the seed's; and a test text: as
    much of another play as a text may hold out.
    """

    def __init__(self, size: int, seed: int) -> None:
        documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
        held_out = next(document for document in documents if document.split("\n", 1)[0] == HELD_OUT)
        documents.remove(held_out)
        order = np.random.default_rng(seed).permutation(len(documents))
        training = "\n\n".join(documents[number] for number in order)[:size]
        test = held_out[: int(0.9 * size)]
        self.seed, self.characters, self.text = seed, len(training), training + test
        self.test = len(test) / len(self.text)  # share of the text

    @contextmanager
    def trained(self, changes: dict[str, Any]) -> Iterator[tuple[Path, common.Usage]]:
        """A folder with the text model trained on these plays; what its train stage used."""
        validation = VALIDATION * self.characters / len(self.text)
        shares = {"textgen.holdout.test": self.test, "textgen.holdout.validation": validation}
        with common.scratch({"data.limit": None, "seed": self.seed, **SAMPLES, **shares, **changes}) as folder:
            artifacts.write_text(folder / RAW, self.text)
            common.stage(folder, "textgen.preprocess")
            yield folder, common.stage(folder, "textgen.train")


def evaluated(folder: Path) -> dict[str, Any]:
    """Figures of the text model that was trained in a folder."""
    common.stage(folder, "textgen.evaluate")
    return common.figures("textgen", folder)


def ours(draw: Draw, changes: dict[str, Any]) -> dict[str, float]:
    """Figures of the text model on drawn plays, with the seconds and MiB of its train stage."""
    with draw.trained(changes) as (folder, usage):
        figures = evaluated(folder)
        (sampled,) = artifacts.read_json(folder / "models/textgen-samples.json")
    low, high = figures["nats_minus_ngram_interval"]
    return {
        **{name: figures[name] for name in ("nats", "validation_nats")},
        "lstm": figures["branches"]["lstm"]["nats"],
        **{name: figures["baselines"][name] for name in ("ngram", "bzip2", "xz")},
        **{"minus_ngram_low": low, "minus_ngram_high": high},
        **{"seconds": usage.seconds, "memory": usage.memory},
        **{name: sampled["measures"][name] for name in ("longest_copy", "copied")},
    }


def plain(draw: Draw, changes: dict[str, Any]) -> dict[str, float]:
    """A plain LSTM: no n-grams, no dropout; the size that is best on validation."""
    with ExitStack() as stack:
        found = {}
        for units in UNITS:
            folder, _ = stack.enter_context(draw.trained({**PLAIN, **changes, "textgen.network.units": [units]}))
            losses = artifacts.read_csv(folder / "plots/textgen/history.csv")["val_loss"]
            found[units] = losses.min(), folder  # of the epochs; the best one's weights are kept
        best = min(found, key=lambda units: found[units][0])
        return {"plain_lstm": evaluated(found[best][1])["nats"], "plain_lstm_units": best}


def gpt(draw: Draw, iterations: int) -> dict[str, float]:
    """The GPT, which trains on the validation text, too."""
    settings = {"test": draw.test, "threads": load().threads, "iterations": iterations}
    with common.scratch({}) as folder:
        artifacts.write_text(folder / "text.txt", draw.text)
        return {"gpt": common.peer("gpt", {**settings, "text": str(folder / "text.txt")})["nats"]}


def main(*, quick: bool, peers: bool) -> None:
    """Measure what the table lacks; a quick run only checks that all works, and keeps nothing."""
    rows = [] if quick or not OUTPUT.exists() else artifacts.read_csv(OUTPUT).to_dict("records")
    changes = QUICK if quick else {}
    for seed in SEEDS[:1] if quick else SEEDS:
        for size in (20_000,) if quick else SIZES:
            draw = Draw(size, seed)
            key = {"characters": draw.characters, "seed": seed}
            row = next((row for row in rows if row | key == row), None)
            if row is None:
                row = key | dict.fromkeys(FIGURES, "")
                rows.append(row)
            if row["nats"] == "":
                row |= ours(draw, changes)
            if peers and seed == SEEDS[0] and row["gpt"] == "":
                row |= plain(draw, changes) | gpt(draw, 20 if quick else 2000)
            if peers and seed == SEEDS[0] and size == LONGER_SIZE and row["longer"] == "":
                longer = ours(draw, LONGER)
                row |= {"longer": longer["nats"], "longer_seconds": longer["seconds"]}
            print(", ".join(f"{name} {value}" for name, value in row.items() if value != ""), flush=True)
            if not quick:
                artifacts.write_csv(OUTPUT, rows)


if __name__ == "__main__":
    try:
        main(quick="--quick" in sys.argv[1:], peers="--peers" in sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
