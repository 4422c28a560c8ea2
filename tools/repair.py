"""What a kill or a full disk can leave of DVC's own files, put right: `python -m tools.repair`, before `dvc repro`.

DVC writes dvc.lock and its list of busy files in place, so a kill within these milliseconds, or a disk that is full
then, leaves them cut, and every later command fails. Both can be spared: results are in DVC's cache, and what a stage
made of the same inputs is found there without dvc.lock too.

Copies that DVC or a stage was making are left under names of their own, which Git and DVC ignore; they only take room.

Python, too, can leave a file cut: the bytecode of a module that it imports for the first time while the disk is full
(up to 3.12.8 and 3.13.1: github.com/python/cpython/issues/126606). Every later import of it fails.
"""

import contextlib
import json
import marshal
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

LOCK = Path("dvc.lock")
BUSY = Path(".dvc/tmp/rwlock")
OUTPUTS = ("data", "models", "metrics", "plots", "report")
CODE = ("stages", "reprise", "sweeps", "tools")


def main() -> None:
    """Print what was cut, if anything, and replace it; remove half-made copies."""
    for path in _cut_bytecode():
        path.unlink(missing_ok=True)
        print(f"{path} was cut by a full disk: removed")
    if BUSY.exists() and not _is_json(BUSY):
        BUSY.unlink()
        print(f"{BUSY} was cut by a kill or a full disk: removed")
    if _owners() == {psutil.STATUS_ZOMBIE}:
        BUSY.unlink()
        print(f"{BUSY} named a killed command that its parent has not noticed: removed")
    if LOCK.exists() and not _dvc_reads(LOCK):
        LOCK.unlink()
        subprocess.run(["git", "checkout", "--quiet", "--", str(LOCK)], stderr=subprocess.DEVNULL, check=False)
        print(f"{LOCK} was cut by a kill or a full disk: {'as committed again' if LOCK.exists() else 'removed'}")
    if halves := _half_made():
        for path in halves:
            path.unlink(missing_ok=True)
        print(f"removed what a kill left half made: {', '.join(map(str, halves))}")


def _cut_bytecode() -> Iterator[Path]:
    """Bytecode of the project, and of the packages since the last call, that Python cannot load."""
    checked = Path(sys.pycache_prefix or sys.prefix, "bytecode-checked")
    since, now = checked.stat().st_mtime if checked.exists() else 0, time.time()
    pattern = f"*.{sys.implementation.cache_tag}*.pyc"
    packages = sys.pycache_prefix or sysconfig.get_path("purelib")
    for folder in (packages, *CODE):
        for path in Path(folder).rglob(pattern):
            with contextlib.suppress(FileNotFoundError):  # another process has replaced it
                # Other checkouts may share the packages, and the mark of the last call, but not the code.
                if (folder != packages or path.stat().st_mtime >= since) and not _loads(path):
                    yield path
    with contextlib.suppress(OSError):  # of an environment that only another user may change
        checked.touch()
        os.utime(checked, (now, now))


def _loads(path: Path) -> bool:
    try:
        marshal.loads(path.read_bytes()[16:])  # after the header: PEP 552
    except (EOFError, ValueError, TypeError):
        return False
    return True


def _half_made() -> list[Path]:
    """Temporary files among the outputs that nobody writes any more: no dvc is at work, and they are 10 s old."""
    if _owners() - {psutil.STATUS_ZOMBIE}:
        return []
    paths = [path for folder in OUTPUTS for pattern in ("*.tmp", "*.tmp.keras") for path in Path(folder).rglob(pattern)]
    return sorted(path for path in paths if path.is_file() and path.stat().st_mtime < time.time() - 10)


def _owners() -> set[str]:
    """States of the processes that DVC's list names, but for those that are gone.

    A zombie has ended, but not for DVC: so it stays in a container whose first process collects no orphans.
    """
    states = set()
    for pid in re.findall(r'"pid": *(\d+)', BUSY.read_text(encoding="utf-8")) if BUSY.exists() else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            states.add(psutil.Process(int(pid)).status())
    return states


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _dvc_reads(path: Path) -> bool:
    from dvc.dvcfile import Lockfile
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    with Repo() as repo:
        try:
            Lockfile(repo, str(path)).load()
        except DvcException:
            return False
    return True


if __name__ == "__main__":
    main()
