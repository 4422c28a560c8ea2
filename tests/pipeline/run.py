"""`dvc repro` in a process group of its own, watched line by line."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.pipeline.conftest import Clone


class Strike(NamedTuple):
    """One planned fault: `delay` seconds after `stage` has started, or after an epoch of a network."""

    stage: str
    kind: str
    delay: float = 0
    network: str = ""
    epoch: int = 0


class Run:
    """A running `dvc repro`, with more environment variables, and its output so far."""

    def __init__(self, clone: Clone, **variables: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.process = subprocess.Popen(
            ["dvc", "repro"],
            cwd=clone.folder,
            env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **bytecode(clone), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # In the background of a script, Ctrl-C is ignored, also by child processes.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.pid = self.process.pid
        self.ballast = ballast(clone)
        self.output = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def lines(self, until: float | None = None) -> Iterator[str]:
        """Lines as they are written, to the end or to a time of `time.monotonic`."""
        while True:
            try:
                line = self._lines.get(timeout=None if until is None else max(0, until - time.monotonic()))
            except queue.Empty:
                return
            if line is None:
                self._lines.put(None)  # for the next call
                return
            self.output += line
            yield line

    def wait_for(self, strike: Strike, order: list[str]) -> bool:
        """Wait for the moment of the fault; False if the run has ended before.

        Where its stage has been done, a fault strikes in the one after it, but for a fault after an epoch.
        """
        for line in self.lines():
            if started := re.match(r"Running stage '([^']+)'", line):
                ahead = order.index(started[1]) - order.index(strike.stage)
                if ahead >= 0 and not strike.network:
                    for _ in self.lines(until=time.monotonic() + strike.delay):
                        pass
                    return self.process.poll() is None
            epoch = re.match(rf"{strike.network}: epoch (\d+),", line) if strike.network else None
            if epoch and int(epoch[1]) >= strike.epoch:
                return True
        return False

    def end(self) -> int:
        """Wait for dvc; assert that no process it started is left."""
        code = self.process.wait(timeout=600)
        until = time.monotonic() + 15
        while living := [process for process in psutil.process_iter() if self._is_ours(process)]:
            assert time.monotonic() < until, f"still running: {living}"
            time.sleep(0.05)
        for _ in self.lines():
            pass
        self.ballast.unlink(missing_ok=True)
        return code

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False


def bytecode(clone: Clone) -> dict[str, str]:
    """Where Python keeps bytecode: not with the packages, as some faults cut files that other tests import."""
    return {"PYTHONPYCACHEPREFIX": str(clone.folder.parent / "bytecode")}


def ballast(clone: Clone) -> Path:
    return clone.folder.parent / "ballast"
