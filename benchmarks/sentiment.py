"""The classifier compared with keras.io's bidirectional LSTM and with n-grams: accuracy on test reviews, seconds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import common
from benchmarks.common import START_UP, Row
from stages.core import artifacts
from stages.core.split import PARTS
from stages.params import Params

DATA = "data/sentiment/reviews.npz"
RAW = "data/raw/reviews.csv"
SKLEARN = "scikit-learn: TF-IDF + logistic regression"
TUNED = {"tfidf": "TF-IDF + logistic regression, tuned", "nb": "NB-weighted n-grams, tuned"}
# What the example of keras.io reads; the id of any other word.
WORDS, LENGTH, UNKNOWN = 20_000, 200, 1


def measure(params: Params, quick: bool) -> Iterator[Row]:
    """Accuracy, and seconds of training."""
    figures = common.figures("sentiment")
    ours, task, measure = 100 * figures["accuracy"], "sentiment", "accuracy, %"
    for key, name in TUNED.items():
        interval = [100 * value for value in figures["versus"][key]["interval"]]
        yield Row(task, measure, ours, name, 100 * figures["baselines"][key]["accuracy"], "higher", interval)

    with common.scratch({}) as folder:
        artifacts.write_npz(folder / "reviews.npz", **for_keras_io(artifacts.read_npz(DATA), quick))
        recipe = common.peer("keras_io", {"threads": params.threads, "data": str(folder / "reviews.npz")})
    tfidf = common.peer("tfidf", {"reviews": str(Path(RAW).resolve()), "data": str(Path(DATA).resolve())})
    with common.scratch({"sentiment.training.steps": 50, "sentiment.training.epochs": 2} if quick else {}) as folder:
        (folder / "data").mkdir()
        (folder / "data/sentiment").symlink_to(Path("data/sentiment").resolve())
        seconds = common.stage(folder, "sentiment.train").seconds
    for name, theirs in (("keras.io's BiLSTM, 2 epochs", recipe), (SKLEARN, tfidf)):
        yield Row(task, measure, ours, name, 100 * theirs["accuracy"], "higher")
        yield Row(task, "training, s", seconds, name, theirs["seconds"], "lower", note=START_UP)


def for_keras_io(data: dict[str, np.ndarray], quick: bool) -> dict[str, np.ndarray]:
    """The reviews as the example reads them: the last 200 word ids, padding in front, rare words as unknown.

    As in our accuracy, texts of the largest source alone are tested on.
    """
    arrays = {}
    for part in PARTS:
        ends = np.cumsum(data[f"{part}_word_lengths"])
        rows = np.flatnonzero((data[f"{part}_source"] == 0) | (part == "train"))
        rows = rows[:: max(1, len(rows) // 200) if quick else 1]
        words = np.zeros((len(rows), LENGTH), np.int32)
        for line, start, end in zip(words, np.r_[0, ends[:-1]][rows], ends[rows], strict=True):
            last = data[f"{part}_words"][max(start, end - LENGTH) : end]
            line[LENGTH - len(last) :] = np.where(last < WORDS, last, UNKNOWN)
        arrays |= {f"{part}_words": words, f"{part}_labels": data[f"{part}_labels"][rows]}
    return arrays
