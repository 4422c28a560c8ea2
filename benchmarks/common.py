"""Rows of the table, the pipeline's figures, stages in a scratch folder, other tools in the user's own environment."""

import json
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import yaml

from benchmarks import ENVIRONMENT
from stages import params
from stages.core import artifacts
from stages.core.errors import StageError
from sweeps.worker import set_param

REPOSITORY = Path(__file__).parents[1]
START_UP = "ours includes start-up"  # a note


class Row(NamedTuple):
    """A line of the table."""

    task: str
    measure: str  # with its unit
    ours: float
    peer: str
    theirs: float
    better: str  # "lower" or "higher"
    interval: Sequence[float] | None = None  # 95 % of ours minus theirs
    note: str = ""


def figures(task: str, folder: Path = Path()) -> dict[str, Any]:
    """All that the evaluation of a task measured."""
    return artifacts.read_json(folder / f"data/{task}/evaluation.json")


@contextmanager
def scratch(changes: Mapping[str, Any]) -> Iterator[Path]:
    """An empty folder with params.yaml, some keys changed ("textgen.training.steps": 10): a stage run there, with
    `stage`, reads and writes data, models and plots there, and nothing of the repository.
    """
    content = artifacts.read_yaml(params.PATH)
    for name in ("digits", "text", "reviews"):  # a path in params.yaml is relative to the repository
        content["data"][name] = str(REPOSITORY / content["data"][name])
    for key, value in changes.items():
        set_param(content, key, value)
    with TemporaryDirectory(prefix="reprise-bench-") as folder:
        artifacts.write_text(Path(folder, "params.yaml"), yaml.safe_dump(content, allow_unicode=True))
        yield Path(folder)


class Usage(NamedTuple):
    """Resources of a process and those it started: seconds from start to end, and seconds of all cores."""

    seconds: float
    cpu: float


def stage(folder: Path, module: str, *arguments: str) -> Usage:
    """Run `python -m stages.<module>` in a scratch folder, its output on standard error."""
    return metered([sys.executable, "-m", f"stages.{module}", *arguments], folder, {"PYTHONPATH": str(REPOSITORY)})


def metered(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Usage:
    """Run a command in a folder, in the user's own environment with some variables more."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(command, cwd=folder, env={**ENVIRONMENT, **variables}, stdout=sys.stderr, check=False)
    if process.returncode != 0:
        raise StageError(f"{' '.join(command[1:])} failed with status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(time.perf_counter() - started, cpu)


def timed(work: Callable[[], Any], rounds: int = 5) -> list[float]:
    """Seconds that each of some rounds takes, after a first one to warm up."""
    seconds = []
    for _ in range(1 + rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def complete(output: Path, draws: Iterable[dict], measure: Callable[..., dict[str, Any]], *, keep: bool) -> None:
    """Measure the draws, arguments of `measure`, that a table lacks; write it after each one if it is to be kept."""
    rows = artifacts.read_csv(output).to_dict("records") if keep and output.exists() else []
    for draw in draws:
        if not any(draw.items() <= row.items() for row in rows):
            rows.append(draw | measure(**draw))
            print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
            if keep:
                artifacts.write_csv(output, rows)


def peer(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Run `python -m benchmarks.peers.<name>` with settings as JSON; gives its last line, which is JSON."""
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", json.dumps(settings)]
    environment = {**ENVIRONMENT, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        raise StageError(f"benchmarks.peers.{name} failed with status {ended.returncode}")
    return json.loads(ended.stdout.splitlines()[-1])


def processor() -> str:
    """Name of the processor."""
    path = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)", path.read_text(encoding="utf-8"), re.M) if path.exists() else []
    return names[0] if names else platform.processor() or platform.machine()
