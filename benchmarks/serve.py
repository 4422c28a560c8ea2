"""Throughput of the models in use: python -m benchmarks.serve [--quick].

From text to label and from prompt to text, with the functions behind the commands and the page; models are loaded
before the clock starts. Compared with the required throughput and with alternatives.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from stages.core import artifacts
from stages.params import Params

ROUNDS = 5
REVIEWS, CHARACTERS, TEXTS = 2048, 1000, 64
CONTEXT = 100  # characters that the stateless alternative reads again for each one
GOAL = "required on 2 cores"
GOALS = {"reviews": 500, "texts": 3000, "text": 200}  # in a second


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table: reviews and characters in a second, the median of the rounds."""
    return [*reviews(params, quick), *characters(params, quick)]


def reviews(params: Params, quick: bool) -> Iterator[dict[str, Any]]:
    """Reviews per second, with and without the words that influenced the decision."""
    from benchmarks.sentiment import DATA, RAW
    from reprise.sentiment import AT_ONCE, Classifier

    classifier = Classifier()
    rows = artifacts.read_npz(DATA)["test_rows"][: 64 if quick else REVIEWS]
    texts = artifacts.read_csv(RAW)["text"].to_numpy()[rows].tolist()
    for name, words in (("sentiment, with five words per review", 5), ("sentiment", 0)):

        def judge(words: int = words) -> None:
            for start in range(0, len(texts), AT_ONCE):
                classifier.judge(texts[start : start + AT_ONCE], words=words)

        ours, note = rate(judge, len(texts), quick)
        note = f"{len(texts):,} test reviews; {note}"
        yield common.row(name, "reviews per second", ours, GOAL, GOALS["reviews"], better="higher", note=note)
    files = {"reviews": str(Path(RAW).resolve()), "data": str(Path(DATA).resolve())}
    theirs = common.peer("tfidf", files)["rate"]
    peer = "scikit-learn: TF-IDF + logistic regression"
    yield common.row("sentiment", "reviews per second", ours, peer, theirs, better="higher")


def characters(params: Params, quick: bool) -> Iterator[dict[str, Any]]:
    """Characters per second, of one text and of many in parallel."""
    from reprise.generate import Writer
    from stages.textgen import generate
    from stages.textgen.characters import encode, tempered

    writer = Writer()
    length = 20 if quick else CHARACTERS
    prompt = encode("HAMLET:\n", writer.vocabulary)
    for samples, goal in ((TEXTS, GOALS["texts"]), (1, GOALS["text"])):
        steps = generate.stream(writer.model, prompt, [0.8], seed=params.seed, samples=samples)
        next(steps)  # the prompt is read, the network compiled
        next(steps)
        ours, note = rate(lambda steps=steps: [next(steps) for _ in range(length)], samples * length, quick)
        name = "textgen, one text" if samples == 1 else f"textgen, {samples} texts in parallel"
        yield common.row(name, "characters per second", ours, GOAL, goal, better="higher", note=note)

    passage = np.tile(prompt, CONTEXT)[None, :CONTEXT]
    chance = np.random.default_rng(params.seed)

    def anew() -> None:
        for _ in range(length // 10):
            logits = writer.model.network.predict_on_batch(passage)[:, -1]
            likelihoods = tempered(logits, np.array([0.8]))
            passage[:] = np.roll(passage, -1)
            passage[:, -1] = (likelihoods + chance.gumbel(size=likelihoods.shape)).argmax(axis=-1)

    anew()
    theirs, note = rate(anew, length // 10, quick)
    peer = f"the same network, the last {CONTEXT} characters read again for each one"
    yield common.row("textgen, one text", "characters per second", ours, peer, theirs, better="higher", note=note)


def rate(work: Callable[[], Any], count: int, quick: bool) -> tuple[float, str]:
    """Throughput per second of work on `count` items: the median of the rounds, and their range as a note."""
    rates = []
    for _ in range(1 if quick else ROUNDS + 1):
        started = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - started))
    rates = rates[1:] or rates  # the first one warms up
    return float(np.median(rates)), f"{len(rates)} rounds, {min(rates):,.0f} to {max(rates):,.0f}"


if __name__ == "__main__":
    common.part(measure, "serve")
