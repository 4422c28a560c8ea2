"""benchmarks/RESULTS.md from the results of the parts.

python -m benchmarks.table writes anew only what `longer` makes, after one of its commands has measured something.
"""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from benchmarks import common, learning_curve, pipeline, review_sizes
from stages import params
from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from tools.tables import markdown

OUTPUT = "benchmarks/RESULTS.md"
PACKAGES = ("keras", "tensorflow", "torch", "scikit-learn", "scikit-image", "numpy")
COLUMNS = ("Task", "Measure", "Ours", "Compared with", "Its value", "Ratio", "Better", "Notes")
LONGER = "<!-- each of these is measured by its own command -->\n"
POINTS = ("dB", "%")  # units in which a difference says more than a ratio


def write(parts: Mapping[str, Any], *, quick: bool) -> None:
    """Write the table.

    Args:
        parts: name of each part → result of `common.result`.
        quick: results of --quick? Then the table goes to benchmarks/results/ with a warning.

    Raises:
        StageError: a part has no result.
    """
    if missing := [name for name, content in parts.items() if content is None]:
        raise StageError(
            f"not measured with this code and these params: {', '.join(missing)}; run python -m benchmarks"
        )
    target = "benchmarks/results/QUICK.md" if quick else OUTPUT
    artifacts.write_text(target, page(parts, quick=quick))
    print(f"written: {target}")


def page(parts: Mapping[str, Any], *, quick: bool) -> str:
    """The whole file."""
    results = {name: content["result"] for name, content in parts.items()}
    rows = [line(row) for name in results if name != "scaling" for row in results[name]]
    lead = "**A quick run to check that everything works: its figures are meaningless.**\n\n" if quick else ""
    minutes = sum(content["seconds"] for content in parts.values()) / 60
    return (
        f"# Comparison with other tools\n\n{lead}{about(minutes)}\n\n{markdown([COLUMNS, *rows])}\n\n"
        f"## Time and memory of the train stages\n\n{scaling(results['scaling'])}\n\n{longer()}"
    )


def update() -> None:
    """Write the sections of `longer` anew, and leave all else as it is."""
    before, _, _ = artifacts.read_text(OUTPUT).partition(LONGER)
    artifacts.write_text(OUTPUT, f"{before.rstrip()}\n\n{longer()}")
    print(f"written: {OUTPUT}")


def longer() -> str:
    """Sections on what takes too long for `make bench`, as far as it is measured: each by a command of its own."""
    sections = []
    if learning_curve.OUTPUT.exists():
        rows = means(artifacts.read_csv(learning_curve.OUTPUT), "characters", learning_curve.COLUMNS)
        text = (
            "Nats per character on *King Lear*, mean ± standard deviation over draws of other plays; a figure without "
            "a deviation is of one draw."
        )
        sections.append(("The text model by the size of its text", "learning_curve", f"{text}\n\n{rows}"))
    if review_sizes.TABLE.exists():
        rows = means(artifacts.read_csv(review_sizes.TABLE), "reviews", review_sizes.COLUMNS)
        text = f"Accuracy on {review_sizes.TESTED:,} other reviews, mean ± standard deviation over three draws."
        sections.append(("The classifier by the number of reviews", "review_sizes", f"{text}\n\n{rows}"))
    if pipeline.OUTPUT.exists():
        measured = artifacts.read_csv(pipeline.OUTPUT)
        commit = measured.loc[measured["way"] == "old", "commit"].iloc[0]
        rows = pipeline.table(measured, yaml_reader.read("dvc.yaml")["stages"])
        text = f"Measured on {measured['processor'].iloc[0]}, without dvc.lock, so that every stage runs.\n\n{rows}"
        sections.append(("The whole pipeline, beside an old commit", f"pipeline --against {commit}", text))
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
        cells = ["" if not n else f"{mean:.4g}" if n == 1 else f"{mean:.4g} ± {std:.2g}" for n, mean, std in found]
        if "seconds" in shown:
            cells[list(shown).index("seconds")] = f"{figures['seconds'].min():.0f}"
        lines.append((f"{value:,}", str(len(group)), *cells))
    return markdown(lines)


def about(minutes: float) -> str:
    """Machine, date and versions, and how to read the table."""
    versions = ", ".join(f"{package} {installed(package)}" for package in PACKAGES)
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {minutes:.0f} minutes: {common.processor()}, {os.cpu_count()} "
        f"cores, {memory():.0f} GiB, {platform.system()}, {params.load().threads} threads for every tool; Python "
        f"{platform.python_version()}, {versions}.\n\n"
        "*Ratio* is our value divided by the other: below 1 ×, a time is shorter and an error smaller. Decibels and "
        "per cent have the difference in its place. *Better* is *ours*, *theirs*, or *no significant difference* if "
        "the 95 % interval of the difference includes 0. Figures without an interval are of a single run."
    )


def line(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of `common.row` as cells."""
    ours, theirs = row["ours"], row["theirs"]
    note = row["note"]
    if row["interval"]:
        low, high = row["interval"]
        note = "; ".join(filter(None, [f"95 % interval of the difference {low:+.3g} to {high:+.3g}", note]))
    return (
        row["task"],
        row["measure"],
        figure(ours),
        row["peer"],
        figure(theirs),
        compared(row),
        better(row),
        note,
    )


def compared(row: Mapping[str, Any]) -> str:
    """Our value compared with the other: a difference if the unit is one of `POINTS`, else a ratio."""
    ours, theirs = row["ours"], row["theirs"]
    if ours is None or not theirs:
        return "–"
    if row["measure"].endswith(POINTS):
        return f"{ours - theirs:+.2f}"
    return f"{ours / theirs:.3g} ×"


def better(row: Mapping[str, Any]) -> str:
    """Which value is better: ours or theirs. A goal that was reached is better than one that was not."""
    ours, theirs = row["ours"], row["theirs"]
    if row["interval"] and row["interval"][0] <= 0 <= row["interval"][1]:
        return "no significant difference"
    if ours == theirs:
        return "equal"
    if ours is None or theirs is None:
        return "**theirs**" if ours is None else "ours"
    return "ours" if (ours < theirs) == (row["better"] == "lower") else "**theirs**"


def figure(value: float | None) -> str:
    """A value with four digits, or "not reached"."""
    return "not reached" if value is None else f"{value:.4g}"


def scaling(measured: Mapping[str, Any]) -> str:
    """Seconds and memory of each stage by size of the data and threads, as a table."""
    rows = [("Stage", "Data", "Threads", "Seconds", "Ratio to 1 ×", "Peak MiB", "Ratio to 1 ×")]
    lines = measured["stages"]
    for one in lines:
        usual = next(
            other for other in lines if other["stage"] == one["stage"] and (other["size"], other["threads"]) == (1, 2)
        )
        rows.append(
            (
                f"`{one['stage']}`",
                f"{one['size']:g} ×",
                f"{one['threads']}",
                f"{one['seconds']:.1f}",
                f"{one['seconds'] / usual['seconds']:.2f}",
                f"{one['memory']:.0f}",
                f"{one['memory'] / usual['memory']:.2f}",
            )
        )
    return (
        f"Each stage runs in its own process, start of TensorFlow included, with {measured['steps']} optimizer steps "
        "instead of all: the length of a training is set in steps and does not depend on the size of the data.\n\n"
        + markdown(rows)
    )


def memory() -> float:
    """Memory of the machine, in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def installed(package: str) -> str:
    """Version of a package, or "(not installed)"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    update()
