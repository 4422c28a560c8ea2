"""The whole pipeline, an old commit beside the present one: python -m benchmarks.pipeline --against COMMIT.

Both run in turns by `dvc repro`, in fresh clones with empty caches. What the rounds took is kept in
benchmarks/pipeline.csv; the table is a part of benchmarks/RESULTS.md. Where requirements.txt differs, the old commit
needs an environment of its own: `make setup` in a checkout of it, and --programs with the folder .venv/bin there.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks import ENVIRONMENT, common
from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from tools.readme import markdown

OUTPUT = Path("benchmarks/pipeline.csv")
WHOLE = "whole"  # in the column of the stage: the command, with DVC itself

# Stands before the environment's python on the path, so that it sees every stage.
PYTHON = """#!/bin/sh
exec {meter} {log} {python} "$@"
"""


def run(commit: str, programs: Path) -> list[dict[str, Any]]:
    """Run the pipeline of a commit once, with the `python` and `dvc` in a folder.

    For each stage, and for `WHOLE`: "stage", "seconds", "cpu" (seconds, of all cores), "memory" (peak, MiB).
    """
    with TemporaryDirectory(prefix="reprise-pipeline-") as name:
        folder, log = Path(name, "clone"), Path(name, "log")
        clone(commit, folder)
        stand_in(Path(name, "bin", "python"), programs / "python", log)
        path = os.pathsep.join([f"{name}/bin", str(programs), ENVIRONMENT["PATH"]])
        usage = common.metered(["dvc", "repro"], folder, {"PATH": path})
        lines = [json.loads(line) for line in artifacts.read_text(log).splitlines()]
        stages = yaml_reader.read(folder / "dvc.yaml")["stages"]
    names = {stage["cmd"].split("python -m ")[-1]: name for name, stage in stages.items()}
    rows = [{"stage": names[" ".join(line.pop("command")[2:])], **line} for line in lines]  # python -m STAGE
    return [*rows, {"stage": WHOLE, **usage._asdict()}]


def stand_in(program: Path, python: Path, log: Path) -> None:
    """Write a program that runs another environment's python and logs what it used, a line for each run."""
    program.parent.mkdir()
    words = {"meter": shlex.join(common.METER), "log": shlex.quote(str(log)), "python": shlex.quote(str(python))}
    program.write_text(PYTHON.format(**words), encoding="utf-8")
    program.chmod(0o755)


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
        "--programs", type=Path, default=here, help="folder of its python and dvc (default: %(default)s)"
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
            measured = run(commit, options.programs.resolve() if way == "old" else here)
            name = {"way": way, "commit": commit[:10], "processor": common.processor(), "round": number}
            rows += [{**name, **row} for row in measured]
            print(f"round {number + 1}, {way}: {measured[-1]['seconds']:.0f} s", flush=True)
        artifacts.write_csv(OUTPUT, rows)
    print(table(pd.DataFrame(rows)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
