"""benchmarks/RESULTS.md: the rows of the parts, and the tables of what is measured by a command of its own.

python -m benchmarks.table writes only the latter anew.
"""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd

from benchmarks import common, learning_curve, pipeline, review_sizes
from benchmarks.common import Row
from stages import params
from stages.core import artifacts
from tools.tables import markdown

OUTPUT = "benchmarks/RESULTS.md"
PACKAGES = ("keras", "tensorflow", "torch", "scikit-learn", "scikit-image", "numpy")
COLUMNS = ("Task", "Measure", "Ours", "Compared with", "Its value", "Ratio", "Better", "Notes")
LONGER = "<!-- each of these is measured by its own command -->\n"
POINTS = ("dB", "%")  # units in which a difference says more than a ratio


def write(rows: Sequence[Row], seconds: float) -> None:
    """Write the whole file."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    about = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds / 60:.0f} minutes: {common.processor()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, {params.load().threads} threads for every "
        f"tool; Python {platform.python_version()}, {versions}.\n\n"
        "*Ratio* is our value divided by the other: below 1 ×, a time is shorter and an error smaller. Decibels and "
        "per cent have the difference in its place. *Better* is *ours*, *theirs*, or *no significant difference* if "
        "the 95 % interval of the difference includes 0. Figures without an interval are of a single run."
    )
    table = markdown([COLUMNS, *map(cells, rows)])
    artifacts.write_text(OUTPUT, f"# Comparison with other tools\n\n{about}\n\n{table}\n\n{longer()}")
    print(f"written: {OUTPUT}")


def update() -> None:
    """Write the sections of `longer` anew, and leave all else as it is."""
    before, _, _ = artifacts.read_text(OUTPUT).partition(LONGER)
    artifacts.write_text(OUTPUT, f"{before.rstrip()}\n\n{longer()}")
    print(f"written: {OUTPUT}")


def longer() -> str:
    """Sections on what takes too long for `make bench`: each by a command of its own."""
    nats = means(artifacts.read_csv(learning_curve.OUTPUT), "characters", learning_curve.COLUMNS)
    accuracies = means(artifacts.read_csv(review_sizes.OUTPUT), "reviews", review_sizes.COLUMNS)
    measured = artifacts.read_csv(pipeline.OUTPUT)
    commit = measured.loc[measured["way"] == "old", "commit"].iloc[0]
    sections = (
        (
            "The text model by the size of its text",
            "learning_curve",
            "Nats per character on *King Lear*, mean ± standard deviation over draws of other plays; a figure without "
            f"a deviation is of one draw.\n\n{nats}",
        ),
        (
            "The classifier by the number of reviews",
            "review_sizes",
            f"Accuracy on {review_sizes.TESTED:,} other reviews, mean ± standard deviation over three draws.\n\n"
            f"{accuracies}",
        ),
        (
            "The whole pipeline, beside an old commit",
            f"pipeline --against {commit}",
            f"Measured on {measured['processor'].iloc[0]}, without dvc.lock, so that every stage runs.\n\n"
            f"{pipeline.table(measured)}",
        ),
    )
    return LONGER + "".join(
        f"\n## {title}\n\n`python -m benchmarks.{command}`\n\n{text}\n" for title, command, text in sections
    )


def means(table: pd.DataFrame, key: str, columns: Mapping[str, str]) -> str:
    """A row for each value of a key: its number of draws, mean ± standard deviation of each column, least seconds.

    Another program that runs meanwhile makes seconds longer, never shorter.
    """
    shown = {name: title for name, title in columns.items() if name in table}
    lines = [(key.capitalize(), "Draws", *shown.values())]
    for value, group in table.groupby(key):
        figures = group[list(shown)].apply(pd.to_numeric, errors="coerce")  # empty: not measured for this draw
        found = zip(figures.count(), figures.mean(), figures.std(), strict=True)
        texts = ["" if not n else f"{mean:.4g}" if n == 1 else f"{mean:.4g} ± {std:.2g}" for n, mean, std in found]
        if "seconds" in shown:
            texts[list(shown).index("seconds")] = f"{figures['seconds'].min():.0f}"
        lines.append((f"{value:,}", str(len(group)), *texts))
    return markdown(lines)


def cells(row: Row) -> tuple[str, ...]:
    """A row as text; a difference instead of the ratio if the unit is one of `POINTS`."""
    ratio = f"{row.ours - row.theirs:+.2f}" if row.measure.endswith(POINTS) else f"{row.ours / row.theirs:.3g} ×"
    note = row.note
    if row.interval:
        low, high = row.interval
        note = "; ".join(filter(None, [f"95 % interval of the difference {low:+.3g} to {high:+.3g}", note]))
    return (row.task, row.measure, f"{row.ours:.4g}", row.peer, f"{row.theirs:.4g}", ratio, better(row), note)


def better(row: Row) -> str:
    """Which value is better: ours or theirs."""
    if row.interval and row.interval[0] <= 0 <= row.interval[1]:
        return "no significant difference"
    if row.ours == row.theirs:
        return "equal"
    return "ours" if (row.ours < row.theirs) == (row.better == "lower") else "**theirs**"


if __name__ == "__main__":
    update()
