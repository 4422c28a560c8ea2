"""Accuracy of the classifier and its baselines on few reviews: python -m benchmarks.review_sizes [--quick].

As many packaged reviews as somebody may have labelled are drawn, with three seeds; a tenth of them validates, and
`TESTED` others are tested on. The table is benchmarks/review_sizes.csv. What it has is not measured again: remove it to
begin anew.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import common
from stages.core import artifacts
from stages.core.errors import StageError

RAW = "data/raw/reviews.csv"
OUTPUT = Path("benchmarks/review_sizes.csv")
SIZES, SEEDS = (500, 2_000, 10_000), (7, 8, 9)
TESTED = 5_000
COLUMNS = {
    "network": "network",
    "nb": "NB n-grams",
    "tfidf": "TF-IDF",
    "minus_better_baseline": "network minus the better baseline",
    "threshold": "threshold",
}
QUICK = {"sentiment.training.steps": 20, "sentiment.training.epochs": 1}


def main(*, quick: bool) -> None:
    """Measure what the table lacks; a quick run only checks that all works, and keeps nothing."""
    rows = [] if quick or not OUTPUT.exists() else artifacts.read_csv(OUTPUT).to_dict("records")
    done = {(row["reviews"], row["seed"]) for row in rows}
    for seed in SEEDS[:1] if quick else SEEDS:
        for size in SIZES[:1] if quick else SIZES:
            if (size, seed) not in done:
                rows.append(measure(size, seed, QUICK if quick else {}))
                rows.sort(key=lambda row: (row["reviews"], row["seed"]))
                print(rows[-1] if quick else f"{size} reviews, seed {seed}: measured", flush=True)
                if not quick:
                    artifacts.write_csv(OUTPUT, rows)


def measure(size: int, seed: int, changes: dict[str, Any]) -> dict[str, Any]:
    """Preprocess, train and evaluate with so many reviews; the accuracies on the others."""
    with common.scratch({"seed": seed, "data.limit": None, **changes}) as folder:
        artifacts.write_csv(folder / RAW, drawn(artifacts.read_csv(RAW, text=["text", "source"]), size, seed))
        for stage in ("preprocess", "train", "evaluate"):
            common.stage(folder, f"sentiment.{stage}")
        figures = common.figures("sentiment", folder)
    baselines = {name: row["accuracy"] for name, row in figures["baselines"].items()}
    better = figures["versus"][max(baselines, key=baselines.get)]
    return {
        **{"reviews": size, "seed": seed, "network": figures["accuracy"], **baselines},
        **{f"{name}_branch": figures["branches"][name]["accuracy"] for name in ("lstm", "ngrams")},
        "minus_better_baseline": better["difference"],
        **dict(zip(("low", "high"), better["interval"], strict=True)),
        "threshold": figures["tuned"]["threshold"],
        "accuracy_at_threshold": figures["tuned"]["accuracy"],
    }


def drawn(table: pd.DataFrame, size: int, seed: int) -> list[dict[str, Any]]:
    """So many reviews, half of them positive, to train and validate on, and `TESTED` others to test on.

    All are of the largest source.
    """
    rng = np.random.default_rng([seed, size])
    source = table["source"].mode()[0]
    table = table[table["source"] == source].drop_duplicates("text")
    chosen = []
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(table["label"] == label))
        if len(rows) < (size + TESTED) // 2:
            wanted = f"it should have {size + TESTED:,}, half of them positive"
            raise StageError(f"{RAW} has {len(table):,} reviews; {wanted}")
        for part, some in (("train", rows[: size // 2]), ("test", rows[-TESTED // 2 :])):
            shared = {"label": label, "split": part, "source": source}
            chosen += [{"text": table["text"].iloc[row], **shared} for row in some]
    return chosen


if __name__ == "__main__":
    try:
        main(quick="--quick" in sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
