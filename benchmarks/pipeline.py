"""The whole pipeline, an old commit beside the present one: python -m benchmarks.pipeline --against COMMIT.

Both run in turns, stage by stage, in fresh clones with empty caches. What the rounds took is kept in
benchmarks/pipeline.csv; the table is a part of benchmarks/RESULTS.md. Where requirements.txt differs, the old commit
needs an environment of its own: `make setup` in a checkout of it, and --programs with the folder .venv/bin there.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks import ENVIRONMENT, common
from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from tools.tables import markdown

OUTPUT = Path("benchmarks/pipeline.csv")
WHOLE = "whole"  # in the column of the stage: all of them


def run(commit: str, programs: Path) -> Iterator[dict[str, Any]]:
    """Run the pipeline of a commit once, with the `python` and `dvc` in a folder.

    For each stage, with DVC itself, and for `WHOLE`: "stage", "seconds", "cpu" (seconds, of all cores), "memory" (peak,
    MiB).
    """
    path = os.pathsep.join([str(programs), ENVIRONMENT["PATH"]])
    with TemporaryDirectory(prefix="reprise-pipeline-") as folder:
        clone(commit, Path(folder))
        usages = []
        for stage in yaml_reader.read(Path(folder, "dvc.yaml"))["stages"]:  # in an order in which they can run
            usages.append(common.metered(["dvc", "repro", "--single-item", stage], Path(folder), {"PATH": path}))
            yield {"stage": stage, **usages[-1]._asdict()}
    seconds, memory, cpu = zip(*usages, strict=True)
    yield {"stage": WHOLE, "seconds": sum(seconds), "memory": max(memory), "cpu": sum(cpu)}


def clone(commit: str, folder: Path) -> None:
    """A checkout of a commit with an empty cache of its own, and without dvc.lock: no result counts as done."""
    source = str(common.REPOSITORY)
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", source, str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit], check=True)
    (folder / "dvc.lock").unlink()


def table(rows: pd.DataFrame) -> str:
    """The measured rounds as Markdown: medians of each stage, and the ratio of CPU seconds."""
    medians = rows.groupby(["stage", "way"], sort=False)[["seconds", "cpu", "memory"]].median().unstack()
    last = rows.loc[rows["way"] == "new", "stage"].tolist()
    lines = [("Stage", "Old, s", "New, s", "Old, CPU s", "New, CPU s", "Ratio", "Old, MiB", "New, MiB")]
    for stage in sorted(medians.index, key=lambda stage: last.index(stage) if stage in last else -1):
        figures = medians.loc[stage]
        cells = {key: "" if pd.isna(value) else f"{value:.0f}" for key, value in figures.items()}
        ratio = figures["cpu", "new"] / figures["cpu", "old"]
        lines.append(
            (
                f"`{stage}`" if stage != WHOLE else f"**{WHOLE}, with DVC**",
                *(cells[name, way] for name in ("seconds", "cpu") for way in ("old", "new")),
                "" if pd.isna(ratio) else f"{ratio:.2f}",
                *("" if stage == WHOLE else cells["memory", way] for way in ("old", "new")),
            )
        )
    return markdown(lines)


def main(arguments: list[str]) -> None:
    """Measure the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", allow_abbrev=False)
    parser.add_argument("--against", metavar="COMMIT", required=True, help="the old commit")
    here = Path(sys.executable).parent
    parser.add_argument(
        "--programs", type=Path, default=here, help="where its python and dvc are (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=1, help="how often each runs; medians are shown")
    options = parser.parse_args(arguments)
    commits = {}
    for way, name in (("old", options.against), ("new", "HEAD")):
        parse = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        commits[way] = subprocess.run(parse, capture_output=True, text=True, check=False).stdout.strip()
    if not commits["old"]:
        raise StageError(f"--against {options.against}: this repository has no such commit")
    rows: list[dict[str, Any]] = []
    for number in range(options.rounds):
        for way, commit in commits.items():
            name = {"way": way, "commit": commit[:10], "processor": common.processor(), "round": number}
            rows += [{**name, **row} for row in run(commit, options.programs.resolve() if way == "old" else here)]
            print(f"round {number + 1}, {way}: {rows[-1]['seconds']:.0f} s", flush=True)
        artifacts.write_csv(OUTPUT, rows)
    print(table(pd.DataFrame(rows)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
