"""Measure and print rows, and write benchmarks/RESULTS.md: python -m benchmarks [PART ...] [--quick]."""

import argparse
import importlib
import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import tools
from benchmarks import common
from benchmarks.common import Row
from stages.core import artifacts
from stages.params import load
from tools.tables import markdown

PARTS = ("digits", "textgen", "sentiment", "serve")
OUTPUT = "benchmarks/RESULTS.md"
PACKAGES = ("keras", "tensorflow", "torch", "scikit-learn", "scikit-image", "numpy")
COLUMNS = ("Task", "Measure", "Ours", "Compared with", "Its value", "Ratio", "Better", "Notes")
POINTS = ("dB", "%")  # units in which a difference says more than a ratio


def write(rows: Sequence[Row], seconds: float) -> None:
    """Write the whole file."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    about = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds / 60:.0f} minutes: {common.processor()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, threads of every tool: "
        f"{load().threads}; Python {platform.python_version()}, {versions}.\n\n"
        "*Ratio* is our value divided by the other: below 1 ×, a time is shorter and an error smaller. Decibels and "
        "per cent have the difference in its place. *Better* is *ours*, *theirs*, or *no significant difference* if "
        "the 95 % interval of the difference includes 0. Figures without an interval are of a single run."
    )
    table = markdown([COLUMNS, *map(cells, rows)])
    artifacts.write_text(OUTPUT, f"# Comparison with other tools\n\n{about}\n\n{table}\n")
    print(f"written: {OUTPUT}")


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


def main(*arguments: str) -> None:
    """Run the parts one after the other; of all parts, unless they were quick, the table is written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", allow_abbrev=False)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="few steps, to check that all works; figures say nothing")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {min(unknown)}; there are {', '.join(PARTS)}")
    started, rows = time.perf_counter(), []
    for name in options.parts or PARTS:
        for row in importlib.import_module(f"benchmarks.{name}").measure(load(), options.quick):
            print(" | ".join(cells(row)), flush=True)
            rows.append(row)
    if not options.parts and not options.quick:
        write(rows, time.perf_counter() - started)


if __name__ == "__main__":
    tools.run(main)
