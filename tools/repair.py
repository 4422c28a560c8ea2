"""What a kill or a full disk can leave of DVC's own files, put right; `make repro` begins and ends with it.

python -m tools.repair

DVC writes dvc.lock and its list of busy files in place, so a kill within these milliseconds, or a disk that is full
then, leaves them cut, and every later command fails. Both can be spared: results are in DVC's cache, and what a stage
made of the same inputs is found there without dvc.lock too.

Copies that DVC or a stage was making are left under names of their own, which Git and DVC ignore; they only take room.
"""

import contextlib
import re
import subprocess
import time
from pathlib import Path

import psutil

from stages.core import artifacts
from tools import run

LOCK = Path("dvc.lock")
BUSY = Path(".dvc/tmp/rwlock")
OUTPUTS = ("data", "models", "metrics", "plots", "report")


def main() -> None:
    """Print what was cut, if anything, and replace it; remove half-made copies; put dvc.lock in order."""
    at_work = _dvc_is_at_work()
    if BUSY.exists() and not at_work:
        BUSY.unlink()  # cut, or of a killed command
    if LOCK.exists() and not _dvc_reads(LOCK):
        LOCK.unlink()
        subprocess.run(["git", "checkout", "--quiet", "--", str(LOCK)], stderr=subprocess.DEVNULL, check=False)
        print(f"{LOCK} was cut by a kill or a full disk: {'as committed again' if LOCK.exists() else 'removed'}")
    if not at_work:
        old = time.time() - 10
        paths = [path for folder in OUTPUTS for end in ("tmp", "tmp.keras") for path in Path(folder).rglob(f"*.{end}")]
        if halves := sorted(path for path in paths if path.is_file() and path.stat().st_mtime < old):
            for path in halves:
                path.unlink(missing_ok=True)
            print(f"removed what a kill left half made: {', '.join(map(str, halves))}")
        sort_lock()


def sort_lock() -> None:
    """Put the stages of dvc.lock in the order of dvc.yaml: DVC appends a new one when it ends, whichever that is."""
    from dvc.utils.serialize import modify_yaml

    if not LOCK.exists():
        return
    order = list(artifacts.read_yaml("dvc.yaml")["stages"])
    stages = list(artifacts.read_yaml(LOCK).get("stages", {}))
    ordered = sorted(stages, key=lambda name: order.index(name) if name in order else len(order))
    if stages != ordered:
        with modify_yaml(LOCK) as content:  # as DVC writes it
            content["stages"] = {name: content["stages"][name] for name in ordered}


def _dvc_is_at_work() -> bool:
    """Does one of the processes run that DVC's list of busy files names?

    A zombie has ended, but not for DVC: so it stays in a container whose first process collects no orphans.
    """
    for pid in re.findall(r'"pid": *(\d+)', BUSY.read_text(encoding="utf-8")) if BUSY.exists() else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE:
                return True
    return False


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
    run(main)
