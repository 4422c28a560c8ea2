"""The text model compared with n-grams, compressors and a small GPT: python -m benchmarks.textgen [--quick].

First the figures of the plays, from metrics/. Then a text as long as tiny Shakespeare, the first nine tenths for
training, the last tenth for testing: our model with the default settings and with half the steps, and the GPT.
"""

import os
from pathlib import Path
from typing import Any

from benchmarks import common
from stages.core import artifacts
from stages.params import Params
from stages.textgen import sizes
from stages.textgen.characters import decode
from stages.textgen.preprocess import SEPARATOR

LENGTH = 1_115_394  # characters of tiny Shakespeare
NAMES = {"ngram": "Kneser-Ney n-gram", "bzip2": "bzip2, primed", "xz": "xz, primed", "bigram": "bigram"}


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table: nats per character of held-out text, and seconds of training."""
    metrics = evaluation(Path())
    rows = []
    for key, name in NAMES.items():
        interval = metrics.get("nats_minus_ngram_interval") if key == "ngram" else None
        figures = ("textgen, plays", "nats per character", metrics["nats"], name, metrics["baselines"][key])
        rows.append(common.row(*figures, better="lower", interval=interval))

    text, source = short_text(20_000 if quick else LENGTH)
    steps = 8 if quick else default_steps(params, len(text))
    (ours, seconds), (half, half_seconds) = (our_model(text, count, quick) for count in (steps, steps // 2))
    settings = {"test": params.textgen.holdout.test, "threads": params.threads, "iterations": 20 if quick else 2000}
    with common.scratch({}) as folder:
        artifacts.write_text(Path(folder, "text.txt"), text)
        gpt = common.peer("gpt", {**settings, "text": str(Path(folder, "text.txt"))})
    task, name = f"textgen, {source}", "PyTorch GPT, nanoGPT's CPU recipe"
    note = f"{gpt['short_nats']:.4g} by nanoGPT's own measure, on blocks without earlier context"
    for which, metrics, took in ((task, ours, seconds), (f"{task}, half our steps", half, half_seconds)):
        figures = (which, "nats per character", metrics["nats"], name, gpt["nats"])
        rows.append(common.row(*figures, better="lower", note=note))
        figures = (which, "training, s", took, name, gpt["seconds"])
        rows.append(common.row(*figures, better="lower", note="ours includes start-up"))
    for key, name in NAMES.items():
        figures = (task, "nats per character", ours["nats"], name, ours["baselines"][key])
        interval = ours.get("nats_minus_ngram_interval") if key == "ngram" else None
        rows.append(common.row(*figures, better="lower", interval=interval))
    return rows


def default_steps(params: Params, characters: int) -> int:
    """Optimizer steps of our model on a text of so many characters, held-out shares included."""
    held_out = params.textgen.holdout.validation + params.textgen.holdout.test
    return sizes.chosen(params.textgen, round(characters * (1 - held_out))).training.steps


def short_text(length: int) -> tuple[str, str]:
    """The text and what to call it: the file that BENCH_TEXT names, such as tiny Shakespeare, or, as that is not
    packaged, the beginning of the plays to train on, as one document.
    """
    if path := os.environ.get("BENCH_TEXT"):
        return artifacts.read_text(path)[:length], Path(path).name
    data = artifacts.read_npz("data/textgen/characters.npz")
    text = decode(data["train"][: 2 * length], "".join(map(chr, data["vocabulary"]))).replace(SEPARATOR, "\n\n")[
        :length
    ]
    return text, f"first {len(text):,} characters of the plays"


def evaluation(folder: Path) -> dict[str, Any]:
    """Metrics of a text model, and what else its evaluation has found."""
    paths = (folder / "metrics/textgen.json", folder / "data/textgen/evaluation.json")
    return {name: value for path in paths for name, value in artifacts.read_json(path).items()}


def our_model(text: str, steps: int, quick: bool) -> tuple[dict[str, Any], float]:
    """Metrics of our model, trained for some steps, and its baselines on a text; the seconds of its train stage."""
    changes: dict[str, Any] = {"data.limit": None, "textgen.training.steps": steps}
    if quick:
        changes |= {
            "textgen.training.epochs": 2,
            "textgen.network.units": [16],
            "textgen.temperatures": [0.5],
            "textgen.sampling.length": 20,
            "textgen.sampling.samples": 1,
            "textgen.ngrams.order": 3,
        }
    with common.scratch(changes) as folder:
        artifacts.write_text(Path(folder, "data/raw/text.txt"), text)
        common.stage(folder, "textgen.preprocess")
        seconds = common.stage(folder, "textgen.train").seconds
        common.stage(folder, "textgen.evaluate")
        return evaluation(Path(folder)), seconds


if __name__ == "__main__":
    common.part(measure, "textgen")
