"""The text model by the size of its text: python -m benchmarks.learning_curve [--quick] [--seeds 7 8 9] [--peers 7].

For each size the training text is a draw of the packaged plays, other plays for each seed; the test text is of a play
that none of them has. Beside the text model: n-grams of the order that validation chooses, bzip2, xz; with the draws of
--peers also a plain LSTM, the best on validation of four sizes, and the GPT of `benchmarks.peers.gpt`, which needs
PyTorch; with those of --longer also a larger network that is trained for longer (`LONGER`).

Each figure is kept in benchmarks/results/learning_curve/ as soon as it is measured, so an interrupted run goes on. The
table is benchmarks/learning_curve.csv.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import Params, load
from stages.textgen.preprocess import RAW, SEPARATOR

OUTPUT = Path("benchmarks/learning_curve.csv")
ALL = 100_000_000  # more than there are: every play that is not held out
SIZES = (30_000, 100_000, 300_000, 1_000_000, 3_000_000, ALL)
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
UNITS = (64, 128, 256, 512)  # of the plain LSTM
VALIDATION = 0.05  # of the training text, cut off its end, as textgen.holdout does
HELD_OUT = "King Lear"
HISTORY = "plots/textgen/history.csv"
QUICK = {
    "textgen.training.steps": 4,
    "textgen.training.epochs": 1,
    "textgen.network.units": [8],
    "textgen.ngrams.order": 3,
}
LONGER_SIZE = 1_000_000  # characters
LONGER = {"textgen.network.units": [640], "textgen.network.dropout": 0.5, "textgen.training.steps": 8000}
SAMPLES = {"textgen.temperatures": [1.0], "textgen.sampling.samples": 8}


def plays(characters: int, seed: int) -> dict[str, str]:
    """A training text and a test text.

    The first is so many characters of plays, or all there are, in an order of the seed's; the second as much of another
    play as a text may hold out.

    Returns:
        "text": training, validation and test text in a row; "test": the share of it that is the test text.
    """
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    titles = [document.split("\n", 1)[0] for document in documents]
    others = [document for title, document in zip(titles, documents, strict=True) if title != HELD_OUT]
    order = np.random.default_rng(seed).permutation(len(others))
    training = "\n\n".join(others[number] for number in order)[:characters]
    test = documents[titles.index(HELD_OUT)][: int(0.9 * characters)]
    return {"text": training + test, "test": len(test) / len(training + test)}


@contextmanager
def trained(drawn: dict[str, Any], changes: dict[str, Any]) -> Iterator[tuple[Path, common.Usage]]:
    """A folder with the text model trained on drawn plays; the seconds and MiB of its train stage."""
    total = len(drawn["text"])
    characters = round(total * (1 - drawn["test"]))
    shares = {"textgen.holdout.test": drawn["test"], "textgen.holdout.validation": VALIDATION * characters / total}
    with common.scratch({"data.limit": None, **SAMPLES, **shares, **changes}) as folder:
        artifacts.write_text(folder / RAW, drawn["text"])
        common.stage(folder, "textgen.preprocess")
        yield folder, common.stage(folder, "textgen.train")


def evaluated(folder: Path) -> dict[str, Any]:
    """Metrics of the text model that was trained in a folder, and what else its evaluation has found."""
    common.stage(folder, "textgen.evaluate")
    paths = (folder / "metrics/textgen.json", folder / "data/textgen/evaluation.json")
    return {name: value for path in paths for name, value in artifacts.read_json(path).items()}


def ours(drawn: dict[str, Any], changes: dict[str, Any]) -> dict[str, float]:
    """Metrics of the text model on drawn plays, with the seconds and MiB of its train stage."""
    with trained(drawn, changes) as (folder, usage):
        metrics = evaluated(folder)
        (sampled,) = artifacts.read_json(folder / "models/textgen-samples.json")
    low, high = metrics["nats_minus_ngram_interval"]
    return {
        **{name: metrics[name] for name in ("nats", "validation_nats")},
        "lstm": metrics["branches"]["lstm"]["nats"],
        **{name: metrics["baselines"][name] for name in ("ngram", "bzip2", "xz")},
        **{"minus_ngram_low": low, "minus_ngram_high": high},
        **{"seconds": usage.seconds, "memory": usage.memory},
        **{"longest_copy": sampled["measures"]["longest_copy"], "copied": sampled["measures"]["copied"]},
    }


def plain(drawn: dict[str, Any], changes: dict[str, Any], sizes: Sequence[int]) -> dict[str, float]:
    """A plain LSTM: no n-grams, no dropout; the size that is best on validation."""
    settings = {"textgen.ngrams.contexts": 0, "textgen.network.dropout": 0.0, **changes}
    with ExitStack() as stack:
        found = {}
        for units in sizes:
            folder, _ = stack.enter_context(trained(drawn, {**settings, "textgen.network.units": [units]}))
            losses = artifacts.read_csv(folder / HISTORY)["val_loss"]  # of the epochs; the best one's weights are kept
            found[units] = losses.min(), folder
        best = min(found, key=lambda units: found[units][0])
        return {"plain_lstm": evaluated(found[best][1])["nats"], "plain_lstm_units": best}


def gpt(drawn: dict[str, Any], params: Params, *, quick: bool) -> dict[str, float]:
    """The GPT, which trains on the validation text, too."""
    settings = {"test": drawn["test"], "threads": params.threads, "iterations": 20 if quick else 2000}
    with common.scratch({}) as folder:
        artifacts.write_text(folder / "text.txt", drawn["text"])
        return {"gpt": common.peer("gpt", {**settings, "text": str(folder / "text.txt")})["nats"]}


def main(arguments: list[str]) -> None:
    """Measure what has not been measured yet; write the table of all that has."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_curve", allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="few steps on two short texts, to check that all works")
    parser.add_argument("--peers", type=int, nargs="+", default=[], help="seeds with a plain LSTM and a GPT, too")
    parser.add_argument("--longer", type=int, nargs="+", default=[], help="seeds with a longer training, at 1 MB")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--sizes", type=int, nargs="+", default=None, help=f"characters; without: {SIZES}")
    options = parser.parse_args(arguments)
    params, changes = load(), QUICK if options.quick else {}
    sizes = options.sizes or ((20_000, 40_000) if options.quick else SIZES)
    rows = []
    for seed in options.seeds:
        for characters in sizes:
            rows.append(case(characters, seed, changes, options, params))
            print(", ".join(f"{name} {value:.5g}" for name, value in rows[-1].items()), flush=True)
            artifacts.write_csv(common.RESULTS / "learning_curve-quick.csv" if options.quick else OUTPUT, rows)


def case(
    characters: int, seed: int, changes: dict[str, Any], options: argparse.Namespace, params: Params
) -> dict[str, float]:
    """All figures of one draw: a row of the table."""
    drawn = plays(characters, seed)
    name = {"quick": options.quick, "seed": seed, "characters": characters}
    row = {"characters": round(len(drawn["text"]) * (1 - drawn["test"])), "seed": seed}
    row |= kept({**name, "of": "ours"}, lambda: ours(drawn, {**changes, "seed": seed}))
    if seed in options.longer and characters == LONGER_SIZE:
        longer = kept({**name, "of": "longer"}, lambda: ours(drawn, {**LONGER, **changes, "seed": seed}))
        row |= {"longer": longer["nats"], "longer_seconds": longer["seconds"]}
    if seed in options.peers:
        units = UNITS[:2] if options.quick else UNITS
        row |= kept({**name, "of": "plain"}, lambda: plain(drawn, changes, units))
        row |= kept({**name, "of": "gpt"}, lambda: gpt(drawn, params, quick=options.quick))
    return row


def kept(case: dict[str, Any], measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """The figures of a case: as measured before with the same code and params, or measured now and kept."""
    inputs = [*sorted(Path("stages").glob("core/*.py")), *sorted(Path("stages").glob("training/*.py"))]
    inputs += [*sorted(Path("stages").glob("textgen/*.py")), Path("params.yaml"), Path(__file__), Path(RAW)]
    digest = hashlib.sha256(json.dumps(case, sort_keys=True).encode())
    for path in inputs:
        digest.update(artifacts.read_bytes(path))
    path = common.RESULTS / "learning_curve" / f"{digest.hexdigest()[:16]}.json"
    if not path.exists():
        artifacts.write_json(path, measure())
    return artifacts.read_json(path)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
