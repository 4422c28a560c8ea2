"""The results that the report is made of, each number with its source."""

from typing import Any

from stages.core import artifacts
from stages.report.measured import Measured, Word, measured

TASKS = ("autoencoder", "denoiser", "textgen", "sentiment")
TEXTS = {
    "samples": "models/textgen-samples.json",
    "text": "data/textgen/evaluation.json",
    "reviews": "data/sentiment/examples.json",
    "mistakes": "data/sentiment/mistakes.json",
    "sentences": "data/sentiment/sentences.json",
    "invented": "data/denoiser/invented.json",
}
DATASETS = ("digits", "text", "reviews")
LEARNING_CURVE = "benchmarks/learning_curve"  # of the text model; a series
REVIEW_SIZES = "benchmarks/review_sizes"  # of the classifier


def path_of(series: str) -> str:
    """The file of a series: of plots/, such as "autoencoder/sizes", or of benchmarks/, which the name says then."""
    return f"{series}.csv" if series.startswith("benchmarks/") else f"plots/{series}.csv"


def by_size(curve: list[dict[str, Any]], size: str) -> dict[float, list[dict[str, Any]]]:
    """The rows of a learning curve, one for each seed, by the size of the training data, which rises.

    Args:
        curve: rows of `LEARNING_CURVE` or `REVIEW_SIZES`.
        size: the column that has it.
    """
    sizes = sorted({float(row[size]) for row in curve})
    return {found: [row for row in curve if float(row[size]) == found] for found in sizes}


def read() -> dict[str, Any]:
    """All results, numbers as `Measured`.

    Returns:
        `metrics` by task; `table`, a function from the name of a series ("autoencoder/sizes") to its rows; the `texts`
        of `TEXTS`; the provenance of the `datasets`.
    """
    tables: dict[str, list[dict[str, Any]]] = {}

    def table(name: str) -> list[dict[str, Any]]:
        if name not in tables:
            path = path_of(name)
            tables[name] = [
                {
                    key: Measured(value, [path]) if isinstance(value, int | float) else Word(value, [path])
                    for key, value in row.items()
                }
                for row in artifacts.read_csv(path, text=["digit"]).to_dict("records")  # a class may be called 1e3
            ]
        return tables[name]

    paths = {task: f"metrics/{task}.json" for task in TASKS}
    return {
        "metrics": {task: measured(artifacts.read_json(path), path) for task, path in paths.items()},
        "table": table,
        "texts": {name: measured(artifacts.read_json(path), path) for name, path in TEXTS.items()},
        "datasets": {name: artifacts.read_json(f"data/raw/{name}.json") for name in DATASETS},
    }
