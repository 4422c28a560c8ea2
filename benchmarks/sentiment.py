"""The classifier, keras.io's bidirectional LSTM and n-grams: python -m benchmarks.sentiment [--quick].

Accuracy on test reviews, and seconds of training until 86 % of the validation reviews are classified correctly.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from stages.core import artifacts
from stages.core.split import PARTS
from stages.params import Params
from stages.sentiment.encoding import UNKNOWN

DATA = "data/sentiment/reviews.npz"
# What else the train stage reads.
BESIDES = tuple(f"data/sentiment/{name}" for name in ("training-sentences.npz", "ngrams.npz", "vocabulary.txt"))
RAW = "data/raw/reviews.csv"
GOAL = 0.86
WORDS, LENGTH = 20_000, 200  # what the example of keras.io reads
STEPS_BETWEEN = 25  # of our training, from one validation to the next


def measure(params: Params, quick: bool) -> list[dict[str, Any]]:
    """Lines of the table."""
    metrics = artifacts.read_json("metrics/sentiment.json")
    rows = []
    for key, name in {"tfidf": "TF-IDF + logistic regression, tuned", "nb": "NB-weighted n-grams, tuned"}.items():
        interval = metrics["versus"][key]["interval"]
        figures = ("sentiment", "accuracy, %", 100 * metrics["accuracy"], name)
        theirs = 100 * metrics["baselines"][key]["accuracy"]
        rows.append(common.row(*figures, theirs, better="higher", interval=[100 * value for value in interval]))

    ours = our_seconds(params, quick)
    with common.scratch({}) as folder:
        artifacts.write_npz(folder / "reviews.npz", **for_keras_io(artifacts.read_npz(DATA), quick))
        settings = {"threads": params.threads, "goal": 0.5 if quick else GOAL, "every": 2 if quick else 60}
        recipe = common.peer("keras_io", {**settings, "data": str(folder / "reviews.npz")})
    tfidf = common.peer("tfidf", {"reviews": str(Path(RAW).resolve()), "data": str(Path(DATA).resolve())})
    name = "keras.io's BiLSTM, 2 epochs"
    figures = ("sentiment", "accuracy, %", 100 * metrics["accuracy"], name, 100 * recipe["accuracy"])
    rows.append(common.row(*figures, better="higher"))
    rows.append(common.row("sentiment", "training, s", ours["seconds"], name, recipe["seconds"], better="lower"))
    measure = f"training until {GOAL:.0%} validation accuracy, s"
    name = "keras.io's BiLSTM"
    rows.append(common.row("sentiment", measure, ours["goal_seconds"], name, recipe["goal_seconds"], better="lower"))
    if "lstm_goal_seconds" in ours:
        figures = ("our LSTM branch alone", measure, ours["lstm_goal_seconds"], name, recipe["goal_seconds"])
        rows.append(common.row(*figures, better="lower"))
    seconds = tfidf["seconds"] if tfidf["validation"] >= GOAL else None
    name, note = "scikit-learn: TF-IDF + logistic regression", "its time starts from text, ours from word ids"
    figures = ("sentiment", "accuracy, %", 100 * metrics["accuracy"], name, 100 * tfidf["test"])
    rows.append(common.row(*figures, better="higher"))
    rows.append(common.row("sentiment", measure, ours["goal_seconds"], name, seconds, better="lower", note=note))
    return rows


def for_keras_io(data: dict[str, np.ndarray], quick: bool) -> dict[str, np.ndarray]:
    """The reviews as the example reads them: the last 200 word ids, padding in front, rare words as unknown."""
    arrays = {}
    for part in PARTS:
        ends = np.cumsum(data[f"{part}_word_lengths"])
        rows = np.arange(len(ends))[:: max(1, len(ends) // 200) if quick else 1]
        words = np.zeros((len(rows), LENGTH), np.int32)
        for line, start, end in zip(words, np.r_[0, ends[:-1]][rows], ends[rows], strict=True):
            last = data[f"{part}_words"][max(start, end - LENGTH) : end]
            line[LENGTH - len(last) :] = np.where(last < WORDS, last, UNKNOWN)
        arrays |= {f"{part}_words": words, f"{part}_labels": data[f"{part}_labels"][rows]}
    return arrays


def our_seconds(params: Params, quick: bool) -> dict[str, float | None]:
    """Run our train stage in a scratch folder and a process of its own, validating every few steps.

    Returns:
        `seconds` of the training, `goal_seconds` until the network reaches the goal (None: never) and
        `lstm_goal_seconds`, until its LSTM branch alone does. The clock starts before data is read and the network
        built, and is stopped during validation.
    """
    steps = 50 if quick else params.sentiment.training.steps
    changes = {"sentiment.training.steps": steps, "sentiment.training.epochs": max(1, steps // STEPS_BETWEEN)}
    with common.scratch(changes) as folder:
        (folder / DATA).parent.mkdir(parents=True)
        for name in (DATA, *BESIDES):
            (folder / name).symlink_to(Path(name).resolve())
        figures = common.last_line("sentiment", "timed", folder=folder)
    times, history = figures["times"], figures["history"]

    def reached(key: str) -> float | None:
        return next((at for at, row in zip(times, history, strict=True) if row[key] >= GOAL), None)

    found = {"seconds": times[-1], "goal_seconds": reached("val_accuracy")}
    if "val_lstm_accuracy" in history[0]:
        found["lstm_goal_seconds"] = reached("val_lstm_accuracy")
    return found


def timed() -> None:
    """In the scratch folder: train as the stage does, with a timer around the training; print times and history."""
    from stages import params
    from stages.sentiment import train

    fit, times, histories, validating = train.fit, [], [], [0.0]

    class Nothing(train.Checkpoint):
        """No checkpoint: one every few steps would cost time that an ordinary training does not need."""

        def load(self) -> None:
            return None

        def save(self, **state: np.ndarray) -> None:
            pass

    def watched(*arguments: Any, validate: Any, **options: Any) -> list[dict[str, float]]:
        def stopped(model: Any) -> dict[str, float]:
            begun = time.perf_counter()
            times.append(begun - started - validating[0])
            measures = validate(model)
            validating[0] += time.perf_counter() - begun
            return measures

        history = fit(*arguments, validate=stopped, **options)
        histories.append(history)
        return history

    train.fit, train.Checkpoint = watched, Nothing
    started = time.perf_counter()
    train.main(params.load())
    print(json.dumps({"times": times, "history": histories[0]}))


if __name__ == "__main__":
    if sys.argv[1:] == ["timed"]:
        timed()
    else:
        common.part(measure, "sentiment")
