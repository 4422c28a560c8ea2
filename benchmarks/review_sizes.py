"""Accuracy of the classifier and its baselines on few reviews: python -m benchmarks.review_sizes [--quick].

As many packaged reviews as somebody may have labelled are drawn, with three seeds; a tenth of them validates, and
`TESTED` others are tested on. The table is benchmarks/review_sizes.csv. What it has is not measured again: remove a
line to measure it anew.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import tools
from benchmarks import common
from stages.core import artifacts
from stages.core.errors import StageError

RAW = "data/raw/reviews.csv"
OUTPUT = Path("benchmarks/review_sizes.csv")
SIZES, SEEDS = (500, 2_000, 10_000), (7, 8, 9)
TESTED = 5_000
QUICK = {"sentiment.training.steps": 20, "sentiment.training.epochs": 1}


def main(*options: str) -> None:
    """Measure what the table lacks; a quick run only checks that all works, and keeps nothing."""
    quick = "--quick" in options
    draws = [{"reviews": size, "seed": seed} for size in SIZES for seed in SEEDS]
    measuring = partial(measure, changes=QUICK if quick else {})
    common.complete(OUTPUT, draws[:1] if quick else draws, measuring, keep=not quick)


def measure(reviews: int, seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    """Preprocess, train and evaluate with the drawn reviews; the accuracies on the others."""
    with common.scratch({"seed": seed, "data.limit": None, **changes}) as folder:
        table = drawn(artifacts.read_csv(RAW, text=["text", "source"]), reviews, seed)
        artifacts.write_csv(folder / RAW, table.to_dict("records"))
        for stage in ("preprocess", "train", "evaluate"):
            common.stage(folder, f"sentiment.{stage}")
        figures = common.figures("sentiment", folder)
    baselines = {name: row["accuracy"] for name, row in figures["baselines"].items()}
    better = figures["versus"][max(baselines, key=baselines.get)]
    return {
        **{"network": figures["accuracy"], **baselines},
        **{f"{name}_branch": figures["branches"][name]["accuracy"] for name in ("lstm", "ngrams")},
        "minus_better_baseline": better["difference"],
        **dict(zip(("low", "high"), better["interval"], strict=True)),
        "threshold": figures["operating"]["tuned"]["threshold"],
        "accuracy_at_threshold": figures["operating"]["tuned"]["accuracy"],
    }


def drawn(table: pd.DataFrame, reviews: int, seed: int) -> pd.DataFrame:
    """So many reviews of the largest source, half of them positive, to train and validate on, and `TESTED` others."""
    table = table[table["source"] == table["source"].mode()[0]].drop_duplicates("text")
    half, tested = reviews // 2, TESTED // 2
    if table["label"].value_counts().min() < half + tested:
        wanted = f"it should have {reviews + TESTED:,}, half of them positive"
        raise StageError(f"{RAW} has {len(table):,} reviews; {wanted}")
    rng, parts = np.random.default_rng([seed, reviews]), []
    for label in (0, 1):
        rows = table.iloc[rng.permutation(np.flatnonzero(table["label"] == label))]
        parts += [rows[:half].assign(split="train"), rows[-tested:].assign(split="test")]
    return pd.concat(parts)


if __name__ == "__main__":
    tools.run(main)
