"""Throughput of the models in use, with the functions behind the commands and the page: from text to label and from
prompt to text. Models are loaded before the clock starts. Compared with the required throughput and with scikit-learn.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row
from benchmarks.sentiment import DATA, RAW, SKLEARN
from stages.core import artifacts
from stages.params import Params

REVIEWS, AT_ONCE, CHARACTERS, TEXTS = 2048, 1024, 1000, 64
GOAL = "required on 2 cores"


def measure(params: Params, quick: bool) -> Iterator[Row]:
    """Reviews and characters in a second, the median of the rounds."""
    yield from reviews(quick)
    yield from characters(params, quick)


def reviews(quick: bool) -> Iterator[Row]:
    """Reviews per second, sorted by length a thousand at a time."""
    from reprise.reviews import Classifier

    classifier = Classifier()
    rows = artifacts.read_npz(DATA)["test_rows"][: 64 if quick else REVIEWS]
    texts = artifacts.read_csv(RAW)["text"].to_numpy()[rows].tolist()

    def judge() -> None:
        for start in range(0, len(texts), AT_ONCE):
            classifier.judge(texts[start : start + AT_ONCE])

    ours, note = rate(judge, len(texts), quick)
    theirs = common.peer("tfidf", {"reviews": str(Path(RAW).resolve()), "data": str(Path(DATA).resolve())})["rate"]
    task, measure = "sentiment", "reviews per second"
    yield Row(task, measure, ours, GOAL, 500, "higher", note=f"{len(texts):,} test reviews; {note}")
    yield Row(task, measure, ours, SKLEARN, theirs, "higher")


def characters(params: Params, quick: bool) -> Iterator[Row]:
    """Characters per second, of many texts in parallel and of one."""
    from reprise.text import Writer

    writer, length = Writer(), 20 if quick else CHARACTERS
    for name, samples, goal in ((f"textgen, {TEXTS} texts in parallel", TEXTS, 3000), ("textgen, one text", 1, 200)):
        steps = writer.stream("HAMLET:\n", [0.8], length=10**9, seed=params.seed, samples=samples)
        next(steps)  # the prompt is read, the network compiled
        next(steps)
        ours, note = rate(lambda steps=steps: [next(steps) for _ in range(length)], samples * length, quick)
        yield Row(name, "characters per second", ours, GOAL, goal, "higher", note=note)


def rate(work: Callable[[], Any], count: int, quick: bool) -> tuple[float, str]:
    """Throughput per second of work on `count` items: the median of the rounds, and their range as a note."""
    rates = [count / seconds for seconds in common.timed(work, 1 if quick else 5)]
    return float(np.median(rates)), f"{len(rates)} rounds, {min(rates):,.0f} to {max(rates):,.0f}"
