"""The whole pipeline, an old commit beside the present one: python -m benchmarks.pipeline --against COMMIT.

One after the other, stage by stage, in fresh clones with empty caches. What the stages took is kept in
benchmarks/pipeline.csv. Where requirements.txt differs, the old commit needs an environment of its own: `make setup` in
a checkout of it, and --programs with the folder .venv/bin there.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

import tools
from benchmarks import ENVIRONMENT, common
from stages.core import artifacts
from tools.compare import clone, git

OUTPUT = Path("benchmarks/pipeline.csv")


def run(commit: str, programs: Path) -> Iterator[dict[str, Any]]:
    """Run the pipeline of a commit once, with the `python` and `dvc` in a folder.

    For each stage, with DVC itself: "stage", "seconds", "cpu" (seconds, of all cores).
    """
    path = os.pathsep.join([str(programs), ENVIRONMENT["PATH"]])
    with TemporaryDirectory(prefix="reprise-pipeline-") as folder:
        clone(commit, Path(folder))
        for stage in artifacts.read_yaml(Path(folder, "dvc.yaml"))["stages"]:  # in an order in which they can run
            usage = common.metered(["dvc", "repro", "--single-item", stage], Path(folder), {"PATH": path})
            yield {"stage": stage, **usage._asdict()}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Seconds of each stage of both commits, their sums, and the ratio of CPU seconds."""
    seconds = rows.pivot_table(index="stage", columns="way", values=["seconds", "cpu"], sort=False)
    seconds.loc["whole"] = seconds.sum()
    seconds["ratio", ""] = seconds["cpu", "new"] / seconds["cpu", "old"]
    return seconds.round(2)


def main(*arguments: str) -> None:
    """Measure both commits."""
    here = Path(sys.executable).parent
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", allow_abbrev=False)
    parser.add_argument("--against", metavar="COMMIT", required=True, help="the old commit")
    parser.add_argument("--programs", type=Path, default=here, help="where its python and dvc are")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for way, name, programs in (("old", options.against, options.programs.resolve()), ("new", "HEAD", here)):
        commit = git("log", "-1", "--format=%H", name, "--").strip()
        about = {"way": way, "commit": commit[:10], "processor": common.processor()}
        rows += [about | row for row in run(commit, programs)]
    artifacts.write_csv(OUTPUT, rows)
    print(table(pd.DataFrame(rows)).to_string())


if __name__ == "__main__":
    tools.run(main)
