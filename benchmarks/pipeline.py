"""The whole pipeline, an old commit beside the present one: python -m benchmarks.pipeline --against COMMIT.

Both run in turns in fresh clones with empty caches: the old commit by `dvc repro`, the present one by `dvc repro` and
side by side, as `make repro` runs it. What the rounds took is kept in benchmarks/pipeline.csv; the table
is a part of benchmarks/RESULTS.md.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pandas as pd

from benchmarks import ENVIRONMENT, common
from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from tools.tables import markdown

OUTPUT = Path("benchmarks/pipeline.csv")
WHOLE = "whole"  # in the column of the stage: the command, with DVC itself
SIDE_BY_SIDE = ["sh", "-c", "make side-by-side JOBS=4 && dvc repro"]
DVC = ["dvc", "repro"]
CORES = 8  # of a machine on which no chain waits for another: four with two threads each

# Stands before the environment's python on the path, so that it sees every stage.
PYTHON = """#!/bin/sh
exec {meter} {log} {python} "$@"
"""


class Way(NamedTuple):
    """A commit and the command that runs its pipeline."""

    name: str
    commit: str
    command: list[str]


def run(way: Way, environment: Path) -> list[dict[str, Any]]:
    """Run the pipeline of a commit once, from an empty cache.

    Args:
        way: what to run.
        environment: folder with the `python` and `dvc` of this commit.

    Returns:
        For each stage, and for `WHOLE`: "stage", "seconds", "cpu" (seconds, of all cores), "memory" (peak, MiB).

    Raises:
        StageError: the pipeline failed.
    """
    with TemporaryDirectory(prefix="reprise-pipeline-") as name:
        folder, log = Path(name, "clone"), Path(name, "log")
        clone(way.commit, folder)
        stand_in(Path(name, "bin", "python"), environment / "python", log)
        path = os.pathsep.join([f"{name}/bin", str(environment), ENVIRONMENT["PATH"]])
        try:
            usage = common.metered(way.command, folder, {"PATH": path})
        except StageError as error:
            raise StageError(f"{way.commit}: {error}") from error
        lines = [json.loads(line) for line in artifacts.read_text(log).splitlines()]
        stages = yaml_reader.read(folder / "dvc.yaml")["stages"]
    names = {stage["cmd"].partition("python -m ")[2]: name for name, stage in stages.items()}
    rows = [{"stage": names[" ".join(line.pop("command")[2:])], **line} for line in lines]  # python -m STAGE
    rows.sort(key=lambda row: list(stages).index(row["stage"]))
    return [*rows, {"stage": WHOLE, **usage._asdict()}]


def stand_in(program: Path, python: Path, log: Path) -> None:
    """Write a program that runs another environment's python and logs what it used, a line for each run."""
    program.parent.mkdir()
    words = {"meter": shlex.join(common.METER), "log": shlex.quote(str(log)), "python": shlex.quote(str(python))}
    program.write_text(PYTHON.format(**words), encoding="utf-8")
    program.chmod(0o755)


def clone(commit: str, folder: Path) -> None:
    """A checkout of a commit with an empty cache of its own, and without dvc.lock: no result counts as done."""
    for command in (
        ["git", "clone", "--quiet", "--no-checkout", str(common.REPOSITORY), str(folder)],
        ["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit],
    ):
        subprocess.run(command, check=True)
    (folder / "dvc.lock").unlink()


def environment_of(commit: str, scratch: Path) -> Path:
    """The folder of the programs that a commit runs with: this environment, or a new one where its lock differs."""
    lock = subprocess.run(["git", "show", f"{commit}:requirements.txt"], capture_output=True, text=True, check=True)
    if lock.stdout == artifacts.read_text("requirements.txt"):
        return Path(sys.executable).parent
    clone(commit, scratch)
    setup = ["make", f"PYTHON={Path(sys.executable).resolve()}", "setup"]
    if subprocess.run(setup, cwd=scratch, env=ENVIRONMENT, stdout=sys.stderr, check=False).returncode:
        raise StageError(f"make setup of {commit} failed")
    return scratch / ".venv/bin"


def reckoned(stages: pd.DataFrame, pipeline: Mapping[str, Any], cores: int) -> float:
    """How long the stages take with the tasks side by side.

    Args:
        stages: "seconds" and "cpu" of each stage by itself.
        pipeline: the stages of dvc.yaml.
        cores: of the machine.

    Returns:
        Seconds: the downloads, the tasks, what comes after them. The tasks take as long as the longest chain, or as
        long as all cores need for the work of all chains, if that is longer.
    """
    task = {name: stage["cmd"].split()[2].split(".")[1] for name, stage in pipeline.items()}
    inside = [name for name in stages.index if task[name] not in ("check", "datasets", "report")]
    ends: dict[str, float] = {}  # of stages by their outputs, and of the chain so far by its task
    for name in inside:
        begin = max(ends.get(before, 0.0) for before in (task[name], *pipeline[name].get("deps", [])))
        made = [out if isinstance(out, str) else next(iter(out)) for out in pipeline[name].get("outs", [])]
        ends |= dict.fromkeys([task[name], *made], begin + stages.loc[name, "seconds"])
    tasks = max(*ends.values(), stages.loc[inside, "cpu"].sum() / cores)
    return tasks + stages["seconds"].drop(inside).sum()


def table(rows: pd.DataFrame, pipeline: Mapping[str, Any]) -> str:
    """The measured rounds as Markdown: medians of each stage, ratios, and what eight cores would take."""
    medians = rows.groupby(["way", "stage"])[["seconds", "cpu", "memory"]].median()
    stages = [*(name for name in pipeline if ("new", name) in medians.index), WHOLE]
    stages[:0] = [name for name in medians.loc["old"].index if name not in stages]
    lines = [("Stage", "Old, s", "New, s", "Old, CPU s", "New, CPU s", "Ratio", "Old, MiB", "New, MiB")]
    for name in stages:
        old, new = (medians.loc[way].reindex([name]).iloc[0] for way in ("old", "new"))
        ratio = new["cpu"] / old["cpu"]
        cells = (f"`{name}`" if name != WHOLE else f"**{WHOLE}, with DVC**", *_cells(old, new, "seconds"))
        memory = ("", "") if name == WHOLE else _cells(old, new, "memory")
        lines.append((*cells, *_cells(old, new, "cpu"), "" if pd.isna(ratio) else f"{ratio:.2f}", *memory))
    return f"{markdown(lines)}\n\n{_in_words(medians, pipeline)}"


def _in_words(medians: pd.DataFrame, pipeline: Mapping[str, Any]) -> str:
    """Wall time of `make repro` on this machine and on one with `CORES` cores, beside the old commit's."""
    old, new, side_by_side = (medians.loc[(way, WHOLE), "seconds"] for way in ("old", "new", "chains"))
    stages = medians.loc["new"].drop(WHOLE)
    besides = new - stages["seconds"].sum()
    here, more = (reckoned(stages, pipeline, cores) + besides for cores in (os.cpu_count() or 1, CORES))
    return (
        f"With the tasks side by side, as `make repro` runs them: {side_by_side:.0f} s, {side_by_side / old:.2f} × the "
        f"old commit. Reckoned from the stages one by one and the {besides:.0f} s of DVC itself: {here:.0f} s on these "
        f"{os.cpu_count()} cores, {more:.0f} s on {CORES} cores, {more / old:.2f} × the old commit."
    )


def _cells(old: pd.Series, new: pd.Series, column: str) -> tuple[str, str]:
    return tuple("" if pd.isna(row[column]) else f"{row[column]:.0f}" for row in (old, new))


def main(arguments: Sequence[str]) -> None:
    """Measure the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", allow_abbrev=False)
    parser.add_argument("--against", metavar="COMMIT", required=True, help="the old commit")
    parser.add_argument("--rounds", type=int, default=1, help="how often each runs; medians are shown")
    options = parser.parse_args(arguments)
    old, new = (
        subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        for name in (options.against, "HEAD")
    )
    if not old:
        raise StageError(f"--against {options.against}: this repository has no such commit")
    ways = [Way("old", old, DVC), Way("new", new, DVC), Way("chains", new, SIDE_BY_SIDE)]
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory(prefix="reprise-environment-") as scratch:
        places = {"old": environment_of(old, Path(scratch, "clone"))}
        for number in range(options.rounds):
            for way in ways:
                measured = run(way, places.get(way.name, Path(sys.executable).parent))
                name = {"way": way.name, "commit": way.commit[:10], "processor": common.processor(), "round": number}
                rows += [{**name, **row} for row in measured]
                print(f"round {number + 1}, {way.name}: {measured[-1]['seconds']:.0f} s", flush=True)
            artifacts.write_csv(OUTPUT, rows)
    print(table(pd.DataFrame(rows), yaml_reader.read("dvc.yaml")["stages"]))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
