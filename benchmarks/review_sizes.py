"""Accuracy of the classifier and its baselines on few reviews: python -m benchmarks.review_sizes [--quick].

As many packaged reviews as somebody may have labelled are drawn, with three seeds; a tenth of them validates, and
`TESTED` others are tested on. A finished line is kept, so an interrupted run goes on. It takes about an hour, so it is
not among the parts of `make bench`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import common
from stages.core import artifacts
from stages.core.errors import StageError
from stages.evaluation import charts

RAW = "data/raw/reviews.csv"
TABLE = Path("benchmarks/review_sizes.csv")
CHART = Path("benchmarks/review_sizes.png")
SIZES = (500, 2_000, 10_000)
SEEDS = (7, 8, 9)
TESTED = 5_000
METHODS = {"network": "network", "nb": "NB n-grams", "tfidf": "TF-IDF"}
COLUMNS = {**METHODS, "minus_better_baseline": "network minus the better baseline", "threshold": "threshold"}


def main(*, quick: bool) -> None:
    """Measure what is missing in the table, and draw it."""
    sizes, seeds = (SIZES[:1], SEEDS[:1]) if quick else (SIZES, SEEDS)
    table = Path(common.RESULTS / TABLE.name) if quick else TABLE
    rows = artifacts.read_csv(table).to_dict("records") if table.exists() else []
    done = {(row["reviews"], row["seed"]) for row in rows}
    for seed in seeds:
        for size in sizes:
            if (size, seed) not in done:
                rows.append(measure(size, seed, quick=quick))
                rows.sort(key=lambda row: (row["reviews"], row["seed"]))
                artifacts.write_csv(table, rows)
                print(rows[-1], flush=True)
    artifacts.write_png(table.with_suffix(".png"), chart(pd.DataFrame(rows)))


def measure(size: int, seed: int, *, quick: bool) -> dict[str, Any]:
    """Preprocess, train and evaluate with so many reviews; the accuracies on the others."""
    changes = {"seed": seed, "data.limit": None}
    if quick:
        changes |= {"sentiment.training.steps": 20, "sentiment.training.epochs": 1}
    with common.scratch(changes) as folder:
        artifacts.write_csv(folder / RAW, drawn(artifacts.read_csv(RAW, text=["text"]), size, seed))
        for stage in ("preprocess", "train", "evaluate"):
            common.stage(folder, f"sentiment.{stage}")
        metrics = artifacts.read_json(folder / "metrics/sentiment.json")
    better = max(metrics["baselines"], key=lambda name: metrics["baselines"][name]["accuracy"])
    low, high = metrics["versus"][better]["interval"]
    return {
        "reviews": size,
        "seed": seed,
        "network": metrics["accuracy"],
        **{name: row["accuracy"] for name, row in metrics["baselines"].items()},
        **{f"{name}_branch": row["accuracy"] for name, row in metrics["branches"].items()},
        "minus_better_baseline": metrics["versus"][better]["difference"],
        "low": low,
        "high": high,
        "threshold": metrics["tuned"]["threshold"],
        "accuracy_at_threshold": metrics["tuned"]["accuracy"],
    }


def drawn(table: pd.DataFrame, size: int, seed: int) -> list[dict[str, Any]]:
    """So many reviews, half of them positive, to train and validate on, and `TESTED` others to test on."""
    generator = np.random.default_rng([seed, size])
    table = table.drop_duplicates("text")
    chosen = []
    for label in (0, 1):
        rows = generator.permutation(np.flatnonzero(table["label"] == label))
        if len(rows) < (size + TESTED) // 2:
            raise StageError(
                f"{RAW} has {len(table):,} reviews; it should have {size + TESTED:,}, half of them positive"
            )
        for part, some in (("train", rows[: size // 2]), ("test", rows[-TESTED // 2 :])):
            chosen += [{"text": table["text"].iloc[row], "label": label, "split": part} for row in some]
    return chosen


def chart(table: pd.DataFrame) -> Any:
    """Mean accuracy over the seeds against the number of reviews."""
    means = table.groupby("reviews").mean()
    return charts.lines(
        {name: (means.index.to_numpy(), means[key].to_numpy()) for key, name in METHODS.items()},
        title=f"Accuracy on {TESTED:,} other reviews, mean of {table['seed'].nunique()} seeds",
        x_label="labelled reviews, a tenth of them for validation",
        y_label="accuracy",
    )


if __name__ == "__main__":
    try:
        main(quick="--quick" in sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
