"""The results that the report is made of, read where they are told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.core import artifacts

Row = dict[str, Any]
HERE = Path()

SAMPLES, INVENTED = "models/textgen-samples.json", "data/denoiser/invented.json"
DATASETS = ("digits", "text", "reviews")


def measured(task: str, repository: Path = HERE) -> Row:
    """All that was measured in a task's evaluation."""
    return artifacts.read_json(repository / f"data/{task}/evaluation.json")


def provenance(dataset: str, repository: Path = HERE) -> Row:
    """Where a dataset came from."""
    return artifacts.read_json(repository / f"data/raw/{dataset}.json")


def packaged(dataset: str, repository: Path = HERE) -> bool:
    """Is a dataset the packaged one, on which the benchmarks were measured?"""
    return "==" in provenance(dataset, repository).get("source", "")


def table(name: str) -> list[Row]:
    """The rows of a series of plots/, such as "autoencoder/sizes", or of benchmarks/."""
    path = f"{name}.csv" if name.startswith("benchmarks/") else f"plots/{name}.csv"
    return artifacts.read_csv(path, text=["digit"]).to_dict("records")  # a class may be called 1e3


def grouped(rows: Sequence[Row], by: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, in the order in which the values come."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(row)
    return found


def curves(rows: Sequence[Row], x: str, y: str, by: str) -> dict[str, tuple[list[float], list[float]]]:
    """Rows as curves of column `y` over column `x`, one for each value of column `by`."""
    return {str(name): ([row[x] for row in some], [row[y] for row in some]) for name, some in grouped(rows, by).items()}


def mean_rows(rows: Sequence[Row], by: str, columns: Sequence[str]) -> list[Row]:
    """A row for each value of column `by`, which rises: the means of `columns`."""
    return pd.DataFrame(rows).groupby(by)[list(columns)].mean().reset_index().to_dict("records")
