"""Measure and print rows, and write benchmarks/RESULTS.md: python -m benchmarks [PART ...] [--quick]."""

import argparse
import importlib
import time

import tools
from benchmarks import table
from stages.params import load

PARTS = ("digits", "textgen", "sentiment", "serve")


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
            print(" | ".join(table.cells(row)), flush=True)
            rows.append(row)
    if not options.parts and not options.quick:
        table.write(rows, time.perf_counter() - started)


if __name__ == "__main__":
    tools.run(main)
