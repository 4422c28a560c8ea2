"""`dvc repro` with the tasks side by side: `python -m tools.chains [--jobs N]`, which `make repro` runs.

DVC runs one stage at a time, although the tasks share nothing but the downloads. Here the downloads come first, then a
chain of stages for each task, and last a plain `dvc repro`, which finds all of that done and runs the rest. Bytes and
dvc.lock are those of `dvc repro` alone.

A chain is `dvc repro --single-item` with the stages of a task: without it, each would look at the downloads again, and
DVC lets one process at a time do that. `--wait-for-lock`: after every stage, DVC takes the lock of the repository.
"""

import argparse
import contextlib
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from stages.core import yaml_reader

DVC = ("dvc", "--wait-for-lock", "repro")
LOCK = "dvc.lock"
BEFORE, AFTER = ("check", "datasets"), ("report",)  # what is no task, by the module of a stage's command
LONGEST_FIRST = ("textgen", "autoencoder", "denoiser", "sentiment")
MOST = 4  # jobs: there are as many chains
MEMORY = 2 * 2**30  # bytes, for each job
PATIENCE = 3.0  # seconds for all processes, before a stronger signal


class Part(NamedTuple):
    """Stages of one task that run one after the other, and the tasks that have to be done before."""

    task: str
    stages: list[str]
    after: frozenset[str]


def plan(pipeline: dict[str, Any]) -> tuple[list[str], list[Part]]:
    """What comes before the tasks, and the tasks in parts, in the order in which to start them.

    Args:
        pipeline: the stages of dvc.yaml.

    Returns:
        Names of stages, and parts: a task has a second one where a stage needs what another task makes.
    """
    task_of = {name: _task(stage) for name, stage in pipeline.items()}
    maker = {_path(out): name for name, stage in pipeline.items() for out in _outputs(stage)}
    parts: list[Part] = []
    rank = {task: number for number, task in enumerate(LONGEST_FIRST)}
    tasks = [task for task in dict.fromkeys(task_of.values()) if task not in (*BEFORE, *AFTER)]
    for task in sorted(tasks, key=lambda task: rank.get(task, len(rank))):
        names, after = [], frozenset[str]()
        for name in (name for name in pipeline if task_of[name] == task):
            makers = {task_of[maker[dep]] for dep in pipeline[name].get("deps", []) if dep in maker}
            if others := makers - {task, *BEFORE} - after:
                if names:
                    parts.append(Part(task, names, after))
                names, after = [], after | others
            names.append(name)
        parts.append(Part(task, names, after))
    return [name for name in pipeline if task_of[name] in BEFORE], parts


def _task(stage: dict[str, Any]) -> str:
    """`python -m stages.<task>.<step>` → the task."""
    return stage["cmd"].partition(" -m stages.")[2].split(".")[0]


def _outputs(stage: dict[str, Any]) -> Iterator[Any]:
    for kind in ("outs", "metrics", "plots"):
        yield from stage.get(kind, [])


def _path(output: Any) -> str:
    return output if isinstance(output, str) else next(iter(output))


def default_jobs(memory: int) -> int:
    """How many chains run side by side: as many as there are tasks, however few the cores.

    A stage leaves about 30 % of its cores idle, and a chain that waits for another one to end is alone at the end. On
    two cores all four took 256 s, three at a time 271 s, two 282 s.

    Args:
        memory: available, bytes.
    """
    return max(1, min(MOST, memory // MEMORY))


class Chains:
    """Parts as processes, at most `jobs` at a time; every line that they write is printed behind the task's name."""

    def __init__(self, parts: list[Part], jobs: int) -> None:
        self.waiting, self.jobs = list(parts), jobs
        self.running: dict[subprocess.Popen[str], Part] = {}
        self.failed: list[Part] = []
        self.width = max(len(part.task) for part in parts)
        self.ended: queue.Queue[subprocess.Popen[str]] = queue.Queue()

    def run(self) -> None:
        """Run all parts. After a failure those that run go on to their end, and no other starts."""
        try:
            self._start()
            while self.running:
                process = self.ended.get()
                part = self.running.pop(process)
                if process.wait():
                    self.failed.append(part)
                self._start()
        except KeyboardInterrupt:
            self._wait()  # the terminal has sent it to all
            raise
        finally:
            self._end()

    def _start(self) -> None:
        for part in list(self.waiting):
            if self.failed or len(self.running) == self.jobs:
                return
            running = {other.task for other in self.running.values()}
            earlier = {other.task for other in self.waiting[: self.waiting.index(part)]} | running
            if part.task not in earlier and not part.after & {*running, *(other.task for other in self.waiting)}:
                self.waiting.remove(part)
                process = _process([*DVC, "--single-item", *part.stages])
                self.running[process] = part
                threading.Thread(target=self._pass_on, args=(process, part.task), daemon=True).start()

    def _pass_on(self, process: subprocess.Popen[str], task: str) -> None:
        for line in process.stdout or ():
            if line.strip():
                sys.stdout.write(f"{task:>{self.width}} | {line.rstrip()}\n")
                sys.stdout.flush()
        self.ended.put(process)

    def _end(self) -> None:
        """End what still runs."""
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
            for process in self.running:
                end(process)
            self._wait()

    def _wait(self) -> None:
        """Wait until all have ended, for as long as PATIENCE."""
        until = time.monotonic() + PATIENCE
        for process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))


def _process(command: list[str]) -> "subprocess.Popen[str]":
    """A process that is killed with this one (on Linux), its two outputs as one stream of lines."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def end_with_parent() -> None:
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, see prctl(2)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=end_with_parent if libc else None,
    )


def sort_lock(pipeline: dict[str, Any]) -> None:
    """Put the stages of dvc.lock in the order of dvc.yaml: DVC appends a new one when it ends."""
    from dvc.utils.serialize import modify_yaml

    if not Path(LOCK).exists():
        return
    order = {name: number for number, name in enumerate(pipeline)}
    stages = yaml_reader.read(LOCK).get("stages", {})
    if (names := sorted(stages, key=lambda name: order.get(name, len(order)))) != list(stages):
        with modify_yaml(LOCK) as content:
            content["stages"] = {name: content["stages"][name] for name in names}


def main() -> int:
    """Run the pipeline; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--jobs", type=int, choices=range(1, MOST + 1), help="tasks side by side (default: by the memory)"
    )
    jobs = parser.parse_args().jobs
    if jobs is None:
        jobs = default_jobs(psutil.virtual_memory().available)
    changed = jobs > 1 and _wait_for(["dvc", "status", "--quiet"], stderr=subprocess.DEVNULL)
    if changed and (code := _side_by_side(jobs)):
        return code
    os.execvp("dvc", ["dvc", "repro"])


def _side_by_side(jobs: int) -> int:
    pipeline = yaml_reader.read("dvc.yaml")["stages"]
    before, parts = plan(pipeline)
    if code := _wait_for([*DVC, *before]):
        return code
    chains = Chains(parts, jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through the `finally` of `run`
    chains.run()
    if chains.failed:
        names = ", ".join(part.task for part in chains.failed)
        print(f"error: failed: {names}; its lines above say why. What the other tasks made is kept.", file=sys.stderr)
        return 1
    sort_lock(pipeline)
    return 0


def _wait_for(command: Sequence[str], **options: Any) -> int:
    """Run a command; at Ctrl-C, which the terminal sends to both, it ends first."""
    process = subprocess.Popen(command, **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
