"""Shared by all parts: rows and results, stages in a scratch folder, other tools in the user's own environment."""

import hashlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import yaml

from benchmarks import ENVIRONMENT
from stages import params
from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path("benchmarks/results")
METER = [sys.executable, "-IS", str(REPOSITORY / "benchmarks/meter.py")]  # and a file, and a command


def row(
    task: str,
    measure: str,
    ours: float,
    peer: str,
    theirs: float,
    *,
    better: str,
    interval: list[float] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """One line of the table.

    Args:
        task: what is compared, such as "autoencoder".
        measure: what is measured, with its unit.
        ours: our figure.
        peer: the tool it is compared with.
        theirs: the same figure of that tool.
        better: "lower" or "higher".
        interval: 95 % of ours minus theirs, where it is known.
        note: what a reader has to know about the line.
    """
    return {
        "task": task,
        "measure": measure,
        "ours": ours,
        "peer": peer,
        "theirs": theirs,
        "better": better,
        "interval": interval,
        "note": note,
    }


def part(measure: Callable[[params.Params, bool], Any], name: str) -> None:
    """Run a part as a command, `python -m benchmarks.<name> [--quick]`, and keep its result.

    Args:
        measure: (all of params.yaml, whether to be quick) → the result. A quick run only checks that all works.
        name: of the part.

    Exits with status 1 and one line when an input is missing.
    """
    quick = "--quick" in sys.argv[1:]
    try:
        started = time.perf_counter()
        content = measure(params.load(), quick)
        seconds = time.perf_counter() - started
        artifacts.write_json(RESULTS / f"{name}.json", {"of": state(quick), "seconds": seconds, "result": content})
    except StageError as error:
        sys.exit(f"error: {error}")
    print(f"{name}: measured in {seconds:.0f} s → {RESULTS / name}.json", flush=True)


def result(name: str, quick: bool) -> dict[str, Any] | None:
    """The stored result of a part, or None if there is none of this code, these params and this environment."""
    path = RESULTS / f"{name}.json"
    content = artifacts.read_json(path) if path.exists() else {"of": None}
    return content if content["of"] == state(quick) else None


def state(quick: bool) -> str:
    """A hash of all that a figure depends on, except the machine: code, params, packages, metrics."""
    files = [path for folder in ("stages", "reprise", "benchmarks") for path in REPOSITORY.glob(f"{folder}/**/*.py")]
    inputs = [Path(name) for name in ("params.yaml", "dvc.lock") if Path(name).exists()]
    digest = hashlib.sha256(f"{quick} {sys.prefix} {sys.version}".encode())
    for path in [*sorted(files), *sorted(Path("metrics").glob("*.json")), *inputs]:
        digest.update(artifacts.read_bytes(path))
    return digest.hexdigest()[:16]


@contextmanager
def scratch(changes: Mapping[str, Any]) -> Iterator[Path]:
    """An empty folder with params.yaml, some keys changed ("textgen.training.steps": 10): a stage run there, with
    `stage`, reads and writes data, models and plots there, and nothing of the repository.
    """
    content = yaml_reader.read(params.PATH)
    for name in ("digits", "text", "reviews"):  # a path in params.yaml is relative to the repository
        content["data"][name] = str(REPOSITORY / content["data"][name])
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[last] = value
    with TemporaryDirectory(prefix="reprise-bench-") as folder:
        artifacts.write_text(Path(folder, "params.yaml"), yaml.safe_dump(content, allow_unicode=True))
        yield Path(folder)


class Usage(NamedTuple):
    """Resources of a process: seconds from start to end, peak memory in MiB, and seconds of all its cores."""

    seconds: float
    memory: float
    cpu: float


def stage(folder: Path, module: str, *arguments: str) -> Usage:
    """Run `python -m stages.<module>` in a scratch folder, its output on ours.

    Raises:
        StageError: it failed.
    """
    return metered([sys.executable, "-m", f"stages.{module}", *arguments], folder, {"PYTHONPATH": str(REPOSITORY)})


def metered(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Usage:
    """Run a command in a folder, in the user's own environment with some variables more, its output on ours.

    Raises:
        StageError: it failed.
    """
    with TemporaryDirectory() as name:
        process = subprocess.run(
            [*METER, f"{name}/usage", *command],
            cwd=folder,
            env={**ENVIRONMENT, **variables},
            stdout=sys.stderr,
            check=False,
        )
        if process.returncode != 0:
            raise StageError(f"{' '.join(command[1:])} failed with status {process.returncode}")
        usage = artifacts.read_json(f"{name}/usage")
    return Usage(usage["seconds"], usage["memory"], usage["cpu"])


def peer(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Run `benchmarks.peers.<name>` with settings as JSON: see `last_line`."""
    return last_line(f"peers.{name}", json.dumps(settings), folder=REPOSITORY)


def last_line(name: str, argument: str, *, folder: Path) -> dict[str, Any]:
    """Run `python -m benchmarks.<name> <argument>` in a folder, in the user's own environment.

    Returns:
        Its last line, which is JSON.

    Raises:
        StageError: it failed.
    """
    command = [sys.executable, "-m", f"benchmarks.{name}", argument]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    line = ""
    for line in process.stdout:
        print(line[:200].rstrip(), file=sys.stderr, flush=True)
    if process.wait() != 0:
        raise StageError(f"benchmarks.{name} failed with status {process.returncode}")
    return json.loads(line)


def processor() -> str:
    """Name of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
