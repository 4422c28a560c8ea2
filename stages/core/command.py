"""A stage as a command: run it, report what went wrong in one line, and end with the dvc that started it."""

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from stages.core import artifacts, environment, snapshot
from stages.core.errors import StageError

INTERRUPTED = "interrupted; the next `dvc repro` continues here"
NO_MEMORY = "memory ran out in this stage; close other programs, or lower a batch in params.yaml"
RESTORE = "git checkout HEAD -- params.yaml dvc.lock metrics plots report && dvc checkout"
STARTED_BY_DVC = "DVC_STAGE"  # an environment variable that dvc sets for its stages: the stage's name
PR_SET_PDEATHSIG = 1  # of linux/prctl.h

_start: snapshot.Snapshot | None = None  # None where dvc has not started this process
_when_done: list[Callable[[], None]] | None = None  # None where no stage runs


def begin() -> None:
    """Called before a stage's own imports, which take seconds."""
    global _start
    pin_from_params()
    if STARTED_BY_DVC not in os.environ:
        return
    _end_with_dvc()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a script ignores Ctrl-C
        signal.signal(signal.SIGINT, _end_at_once)
    _start = snapshot.Snapshot(os.environ[STARTED_BY_DVC].rpartition(":")[2])
    environment.begin_imports()


def pin_from_params(path: str = "params.yaml") -> None:
    """Pin the environment with the `threads` of params.yaml.

    Where they cannot be read nothing is pinned: the stage ends before it computes, with an error from `params.load`.
    """
    try:
        threads = artifacts.read_yaml(path)["threads"]
    except (StageError, KeyError, TypeError):
        return
    if type(threads) is int and threads > 0:
        environment.pin(threads)


def _end_with_dvc() -> None:
    """Let the system kill this process when its parent ends, which is dvc: `exec` in dvc.yaml leaves no shell between.

    A dvc that is killed would leave its stage behind, to write into the next run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # If dvc has gone already, the parent is whoever takes in orphans: no process of our group.
        if os.getpgid(os.getppid()) != os.getpgrp():
            os._exit(1)


def _end_at_once(*_: Any) -> None:
    """At Ctrl-C: one line instead of the page of a traceback, also while the libraries are still being imported."""
    os.write(sys.stderr.fileno(), f"\n{INTERRUPTED}\n".encode())
    os._exit(130)


def when_done(action: Callable[[], None]) -> None:
    """Call `action` when the running stage has succeeded, or now where none runs.

    For what cannot be taken back: a stage whose params or code changed meanwhile fails after its last line.
    """
    if _when_done is None:
        action()
    else:
        _when_done.append(action)


def run(main: Callable[..., None]) -> None:
    """Run a stage, `python -m stages.<task>.<stage> [argument ...]`, with the validated params.yaml and its arguments.

    Params, code and inputs must stay as they were when the process started (stages/core/snapshot.py); otherwise the
    stage fails, and DVC records nothing.

    Exits with status 1 and a last line that says how to get the previous results back when the stage fails: DVC
    deletes a stage's outputs before it starts, but its cache still has them.
    """
    global _when_done
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # an arrow, where PYTHONIOENCODING is latin-1
    _when_done = []
    try:
        settings = _params()
        if _start is not None:
            environment.finish_imports()
            _start.check()
        main(settings, *sys.argv[1:])
        if _start is not None:
            _start.check()
        for action in _when_done:
            action()
    except StageError as error:
        message = f"error: {error}\n"
    except Exception as error:
        # TensorFlow's error has another class; TensorFlow need not be imported here.
        no_memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
        message = f"error: {NO_MEMORY}\n" if no_memory else traceback.format_exc()
    else:
        return
    sys.exit(f"{message}to get the previous results back: {RESTORE}")


def _params() -> Any:
    from stages import params

    try:
        return params.load()
    except StageError:
        if params.PATH.exists():
            # `dvc exp run` checks the file out and edits it within a second. Git, which compares sizes and seconds,
            # would take the edited file for the committed one: `git checkout params.yaml` would do nothing.
            os.utime(params.PATH, (time.time() + 1,) * 2)
        raise
