"""Leaves out the notices about oneDNN and CUDA that TensorFlow writes to standard error while it is imported.

No setting silences them: its library writes them while it is loaded, before it reads TF_CPP_MIN_LOG_LEVEL. A child
process passes on every other line, so that nothing is lost where the import crashes or is killed.
"""

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator

from stages.core import imports

LOG = rb"I\d{4} [\d:.]+ +\d+ "  # level, date, time and thread
NOTICES = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR\r?\n"
    rb"|" + LOG + rb"port\.cc:\d+\] oneDNN custom operations are on\. [^\n]*\n"
    rb"|" + LOG + rb"cudart_stub\.cc:\d+\] Could not find cuda drivers on your machine, GPU will not be used\.\r?\n"
)
LONGEST_WAIT = 1.0  # seconds for the child; a process started by the import may keep it alive for longer


def leave_out() -> None:
    """Filter standard error during this process's import of TensorFlow, whenever that is."""
    if hasattr(os, "fork"):
        imports.within("tensorflow", filtered)


@contextlib.contextmanager
def filtered() -> Iterator[None]:
    """Standard error without `NOTICES`, also for what writes to its descriptor."""
    try:
        original = os.dup(2)
    except OSError:  # closed
        yield
        return
    reading, writing = os.pipe()
    # Ctrl-C and the like are for this process alone: the child is born with them blocked, and leaves them so.
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        os.close(writing)
        _pass_on(reading, original)
    os.close(reading)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        yield
    finally:
        os.dup2(original, 2)
        os.close(original)
        end = time.monotonic() + LONGEST_WAIT
        while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < end:
            time.sleep(0.001)


def _pass_on(reading: int, original: int) -> None:
    """The child: write every line that is no notice, until all writers have ended."""
    try:
        line = b""
        while content := os.read(reading, 65536):
            *lines, line = (line + content).split(b"\n")
            for whole in lines:
                if not NOTICES.fullmatch(whole + b"\n"):
                    os.write(original, whole + b"\n")
        os.write(original, line)
    finally:
        os._exit(0)
