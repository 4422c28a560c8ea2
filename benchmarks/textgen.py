"""The text model compared with n-grams, compressors and a small GPT.

First the figures of the plays, from the pipeline. Then a text as long as tiny Shakespeare, the first nine tenths for
training, the last tenth for testing: our model with the default settings and with half the steps, and the GPT.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import Row
from stages.core import artifacts
from stages.params import Params

RAW = "data/raw/text.txt"
SEPARATOR = "\n\f\n"  # between its documents
LENGTH = 1_115_394  # characters of tiny Shakespeare
BASELINES = {"ngram": "Kneser-Ney n-gram", "bzip2": "bzip2, primed", "bigram": "bigram"}
QUICK = {
    "textgen.training.steps": 8,
    "textgen.training.epochs": 2,
    "textgen.network.units": [16],
    "textgen.temperatures": [1.0],
    "textgen.sampling.length": 20,
    "textgen.sampling.samples": 1,
    "textgen.ngrams.order": 3,
}


def measure(params: Params, quick: bool) -> Iterator[Row]:
    """Nats per character of held-out text, and seconds of training."""
    yield from beside_baselines("textgen, plays", common.figures("textgen"))
    held_out = {*params.textgen.documents.validation, *params.textgen.documents.test}
    training = "\n\n".join(play for title, play in plays().items() if title not in held_out)  # as one document
    text = training[: 20_000 if quick else LENGTH]
    ours, seconds = our_model(text, QUICK if quick else {})
    half = {"textgen.training.steps": ours["sizes"]["steps"] // 2}
    fewer, fewer_seconds = our_model(text, {**QUICK, **half} if quick else half)
    settings = {"test": params.textgen.holdout.test, "threads": params.threads, "iterations": 20 if quick else 2000}
    with common.scratch({}) as folder:
        artifacts.write_text(Path(folder, "text.txt"), text)
        gpt = common.peer("gpt", {**settings, "text": str(Path(folder, "text.txt"))})
    task, name = f"textgen, first {len(text):,} characters of the plays", "PyTorch GPT, nanoGPT's CPU recipe"
    note = f"{gpt['short_nats']:.4g} by nanoGPT's own measure, on blocks without earlier context"
    for which, figures, took in ((task, ours, seconds), (f"{task}, half our steps", fewer, fewer_seconds)):
        yield Row(which, "nats per character", figures["nats"], name, gpt["nats"], "lower", note=note)
        yield Row(which, "training, s", took, name, gpt["seconds"], "lower", note="ours includes start-up")
    yield from beside_baselines(task, ours)


def beside_baselines(task: str, figures: dict[str, Any]) -> Iterator[Row]:
    """The text model and each of its baselines on the same text."""
    for key, name in BASELINES.items():
        interval = figures.get("nats_minus_ngram_interval") if key == "ngram" else None
        yield Row(task, "nats per character", figures["nats"], name, figures["baselines"][key], "lower", interval)


def plays() -> dict[str, str]:
    """The packaged plays by their titles."""
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    return {document.split("\n", 1)[0]: document for document in documents}


def our_model(text: str, changes: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Figures of our model and its baselines on a text; the seconds of its train stage."""
    with common.scratch({"data.limit": None, **changes}) as folder:
        artifacts.write_text(folder / RAW, text)
        common.stage(folder, "textgen.preprocess")
        seconds = common.stage(folder, "textgen.train").seconds
        common.stage(folder, "textgen.evaluate")
        return common.figures("textgen", folder), seconds
