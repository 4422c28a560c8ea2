"""Reports a stage that was killed: the system does that where memory runs out, and DVC names a number alone.

A process that is killed writes nothing, so a child of it waits for its end. A pipe connects the two: what ends by
itself writes a byte into it, and what is killed does not.
"""

import atexit
import os
import signal

RESTORE = "git checkout HEAD -- params.yaml dvc.lock metrics plots report && dvc checkout"
KILLED = f"""
error: this stage was killed; if nobody did so, memory ran out: close other programs, or lower a batch in params.yaml
the next `dvc repro` continues here; to get the previous results back: {RESTORE}
"""

_writing: int | None = None  # the stage's end of the pipe; None where nobody waits


def start() -> None:
    """Begin to wait for the end of this process. Called before it has a second thread."""
    global _writing
    if not hasattr(os, "fork"):
        return
    reading, _writing = os.pipe()
    if os.fork() == 0:
        os.close(_writing)
        _wait(reading)
    os.close(reading)
    atexit.register(ends_by_itself)


def ends_by_itself() -> None:
    """Call before this process ends without the interpreter's own end, as by `os._exit`."""
    global _writing
    if _writing is not None:
        os.write(_writing, b".")
        os.close(_writing)
        _writing = None


def _wait(reading: int) -> None:
    """The child: report a pipe that was closed without a byte. Ctrl-C is for the stage."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if not os.read(reading, 1):
            os.write(2, KILLED.encode())
    finally:
        os._exit(0)
