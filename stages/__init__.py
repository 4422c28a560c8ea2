"""The stages of the pipeline, and what every one of them shares before it starts.

Importing this package pins what would otherwise change the bits of a result behind the user's back: threads, the
numeric kernels of oneDNN, OpenBLAS and numpy, and personal settings of Keras and matplotlib. Python imports it before
any stage's own imports, so the pins are in place when numpy and TensorFlow read them. A stage that dvc started also
ends with it.
"""

import itertools
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESTORE = "git checkout params.yaml dvc.lock metrics plots report && dvc checkout"
INTERRUPTED = "interrupted; the next `dvc repro` goes on here"
STARTED_BY_DVC = "DVC_STAGE"  # dvc sets it for its stages; it holds the stage's name


class StageError(Exception):
    """Bad input, told in one line: the key, file or value at fault and what would be right."""


def pin_environment(threads: int) -> None:
    """Fix, for this process, every setting outside params.yaml that changes a result.

    Args:
        threads: threads of the numeric libraries. Part of the result: a sum's rounding follows its split over threads.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    # The same kernels on every x86 processor since 2013, not the widest each one happens to have.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ["OPENBLAS_CORETYPE"] = "Haswell"
        os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"  # all that numpy has beyond AVX2
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # Not the user's own, where a keras.json may change the float type.
    os.environ["KERAS_HOME"] = str(Path("~/.keras/reprise").expanduser())
    # Shorter training, other kernels: of the user's own environment, so not part of the result.
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "TF_DETERMINISTIC_OPS", "TF_XLA_FLAGS"):
        os.environ.pop(name, None)
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["MATPLOTLIBRC"] = os.devnull
    # No start-up notices, nor an error for want of a GPU; what fails still raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run(main: Callable[..., None]) -> None:
    """Run a stage as a command: `python -m stages.<task>.<stage> [argument ...]`.

    Args:
        main: the stage; called with the validated params.yaml and the command's arguments.

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
        main(params, *sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}\nto get the previous results back: {RESTORE}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception:
        traceback.print_exc()
        sys.exit(f"to get the previous results back: {RESTORE}")


def _end_with_dvc() -> None:
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
    os.write(sys.stderr.fileno(), f"\n{INTERRUPTED}\n".encode())
    os._exit(130)


def _let_git_notice(path: os.PathLike[str]) -> None:
    """Move a file's time on by a second, so that Git sees it was edited.

    `dvc exp run` checks params.yaml out and edits it within the same second. Git compares sizes and seconds: if the
    size is the same too, it takes the edited file for the committed one, and `git checkout params.yaml` does nothing.
    """
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def _threads(path: str = "params.yaml") -> int | None:
    """`threads` of params.yaml, or None where it cannot be read: stages/params.py then says what is wrong."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            threads = yaml.safe_load(file)["threads"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None
    return threads if type(threads) is int and threads > 0 else None


if (threads := _threads()) is not None:
    pin_environment(threads)

if STARTED_BY_DVC in os.environ and os.name == "posix":
    _end_with_dvc()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a script has Ctrl-C ignored
        signal.signal(signal.SIGINT, _end_at_once)
