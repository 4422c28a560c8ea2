"""The text model compared with n-grams, bzip2 and a small GPT.

First the figures of the plays, from the pipeline. Then a text as long as tiny Shakespeare, the first nine tenths for
training, the last tenth for testing: our model with the default settings and with half the steps, and the GPT.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks import common
from benchmarks.common import START_UP, Row
from stages.core import artifacts
from stages.params import Params, load

RAW, SAMPLES = "data/raw/text.txt", "models/textgen-samples.json"
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
    ours = our_model(text, QUICK if quick else {})
    half = {"textgen.training.steps": ours["sizes"]["steps"] // 2}
    fewer = our_model(text, {**QUICK, **half} if quick else half)
    theirs = gpt(text, params.textgen.holdout.test, quick)
    task, name = f"textgen, first {len(text):,} characters of the plays", "PyTorch GPT, nanoGPT's CPU recipe"
    note = f"{theirs['short_nats']:.4g} by nanoGPT's own measure, on blocks without earlier context"
    for which, figures in ((task, ours), (f"{task}, half our steps", fewer)):
        yield Row(which, "nats per character", figures["nats"], name, theirs["nats"], "lower", note=note)
        yield Row(which, "training, s", figures["seconds"], name, theirs["seconds"], "lower", note=START_UP)
    yield from beside_baselines(task, ours)


def beside_baselines(task: str, figures: dict[str, Any]) -> Iterator[Row]:
    """The text model and each of its baselines on the same text."""
    for key, name in BASELINES.items():
        interval = figures["nats_minus_ngram_interval"] if key == "ngram" else None
        yield Row(task, "nats per character", figures["nats"], name, figures["baselines"][key], "lower", interval)


def plays() -> dict[str, str]:
    """The packaged plays by their titles."""
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    return {document.split("\n", 1)[0]: document for document in documents}


def our_model(text: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Figures of our model and its baselines on a text; with the `seconds` of its train stage."""
    with common.scratch({"data.limit": None, **changes}) as folder:
        artifacts.write_text(folder / RAW, text)
        common.stage(folder, "textgen.preprocess")
        seconds = common.stage(folder, "textgen.train").seconds
        common.stage(folder, "textgen.evaluate")
        copies = [row["measures"]["longest_copy"] for row in artifacts.read_json(folder / SAMPLES)]
        found = {"seconds": seconds, "longest_copy": max(copies)}
        return common.figures("textgen", folder) | found


def gpt(text: str, test: float, quick: bool) -> dict[str, float]:
    """Figures of the GPT on a text, whose last share, `test`, it is tested on; the rest it trains on."""
    with common.scratch({}) as folder:
        artifacts.write_text(folder / "text.txt", text)
        settings = {"text": str(folder / "text.txt"), "test": test, "threads": load().threads}
        return common.peer("gpt", {**settings, "iterations": 20 if quick else 2000})
