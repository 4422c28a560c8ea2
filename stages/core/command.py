"""A stage as a command: run it, report what went wrong in one line, and end with the dvc that started it."""

import errno
import itertools
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from stages.core import imports, snapshot, watchdog
from stages.core.errors import StageError
from stages.core.snapshot import STAGE as STARTED_BY_DVC
from stages.core.watchdog import RESTORE

INTERRUPTED = "interrupted; the next `dvc repro` continues here"
NO_MEMORY = "memory ran out in this stage; close other programs, or lower a batch in params.yaml"

_start: snapshot.Snapshot | None = None  # None where this process is no stage
_when_done: list[Callable[[], None]] | None = None  # None where no stage runs


def note_start() -> None:
    """Note what the stage depends on, for `run` to compare. Called before the stage's own imports."""
    global _start
    _start = snapshot.of_this_process()
    if _start is not None:
        imports.begin()


def when_done(action: Callable[[], None]) -> None:
    """Call `action` when the running stage has succeeded, or now where none runs.

    For what cannot be taken back: a stage whose params or code changed meanwhile fails after its last line.
    """
    if _when_done is None:
        action()
    else:
        _when_done.append(action)


def run(main: Callable[..., None]) -> None:
    """Run a stage as a command: `python -m stages.<task>.<stage> [argument ...]`.

    Args:
        main: the stage; called with the validated params.yaml and the command's arguments.

    Params, code and inputs must stay as they were when the process started (stages/core/snapshot.py); otherwise the
    stage fails, and DVC records nothing.

    Exits with status 1 and a last line that says how to get the previous results back when the stage fails: DVC
    deletes a stage's outputs before it starts, but its cache still has them.
    """
    from stages.params import PATH, load

    try:
        try:
            params = load()
        except StageError:
            if PATH.exists():
                _let_git_notice(PATH)
            raise
        _call(main, params)
    except StageError as error:
        cause = f"\nerror: {NO_MEMORY}" if _out_of_memory(error) else ""
        sys.exit(f"error: {error}{cause}\nto get the previous results back: {RESTORE}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if _out_of_memory(error):
            sys.exit(f"error: {NO_MEMORY}\nto get the previous results back: {RESTORE}")
        traceback.print_exc()
        sys.exit(f"to get the previous results back: {RESTORE}")


def _out_of_memory(error: BaseException | None) -> bool:
    """Was memory refused, to Python or numpy, to TensorFlow (which need not be imported here), or to a new process?

    It may be the cause of an error that was raised while the first one was handled.
    """
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        error = error.__cause__ or error.__context__
    return False


def _call(main: Callable[..., None], params: Any) -> None:
    """Call a stage, with `_start` compared before and after; then do what waits for its success."""
    global _when_done
    if _start is not None:
        imports.finish()
        _start.begin()
    _when_done = []
    try:
        main(params, *sys.argv[1:])
        if _start is not None:
            _start.end()
        for action in _when_done:
            action()
    finally:
        _when_done = None


def end_with_dvc() -> None:
    """Where dvc started this process: end as soon as that dvc has ended, and at Ctrl-C without a traceback.

    Called before the libraries are imported, which takes seconds.
    """
    if STARTED_BY_DVC not in os.environ or os.name != "posix":
        return
    watchdog.start()
    _watch_dvc()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a script ignores Ctrl-C
        signal.signal(signal.SIGINT, _end_at_once)


def _watch_dvc() -> None:
    """Let this process end as soon as the dvc that started it has.

    A dvc that is killed leaves its stage behind, which would go on and write into the next run. Some shells stay
    between the two (dash and fish do, bash and zsh do not): all processes from here up to dvc, the first one that is no
    part of the stage, are watched. If dvc is gone already, the first one is whoever takes in orphans: no process of our
    group.
    """
    import psutil

    line = [psutil.Process()]

    def part_of_the_stage(process: psutil.Process) -> bool:
        try:
            return STARTED_BY_DVC in process.environ()
        except psutil.AccessDenied:
            return False

    def watch() -> None:
        try:
            while all(child.ppid() == parent.pid for child, parent in itertools.pairwise(line)):
                time.sleep(0.1)
        except psutil.NoSuchProcess:
            pass
        end()

    def end() -> None:
        watchdog.ends_by_itself()
        for child in line[0].children(recursive=True):
            child.kill()
        os._exit(1)  # nothing more is to be written, not even what a `finally` would

    try:
        while part_of_the_stage(line[-1]):
            line.append(psutil.Process(line[-1].ppid()))
        if os.getpgid(line[-1].pid) != os.getpgrp():
            end()
    except (psutil.NoSuchProcess, ProcessLookupError):
        end()
    threading.Thread(target=watch, name="end with dvc", daemon=True).start()


def _end_at_once(*_: Any) -> None:
    """At Ctrl-C: one line instead of the page of a traceback, also while the libraries are still being imported."""
    watchdog.ends_by_itself()
    os.write(sys.stderr.fileno(), f"\n{INTERRUPTED}\n".encode())
    os._exit(130)


def _let_git_notice(path: os.PathLike[str]) -> None:
    """Move a file's time on by a second, so that Git sees it was edited.

    `dvc exp run` checks params.yaml out and edits it within the same second. Git compares sizes and seconds: if the
    size is the same too, it takes the edited file for the committed one, and `git checkout params.yaml` does nothing.
    """
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
