"""The folder of uploaded pictures: made at start, removed at the end, also by the next start where a kill left it."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "reprise-demo-"
ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # signals that end the page; the folder goes with each

try:
    import fcntl
except ImportError:  # not on Windows: no such locks, so leftovers stay
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, locked while this process lives; first removes the folders whose process has ended.

    The system lifts the lock when the process ends in any way, so a process number that is used again cannot mislead.
    """
    remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as made:
        lock = _locked(Path(made))
        try:
            yield Path(made)
        finally:
            if lock is not None:
                os.close(lock)


def remove_leftovers() -> None:
    """Remove this user's folders that no process has locked; links and other users' folders stay."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if fcntl is None or not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            if (lock := _locked(path)) is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _locked(path: Path) -> int | None:
    """An open descriptor that holds the lock of a folder; None where another process has it."""
    if fcntl is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
