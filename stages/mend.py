"""What a kill or a full disk can break in DVC's own files, put right: `python -m stages.mend`, before `dvc repro`.

DVC writes dvc.lock and its list of busy files in place, so a kill within these milliseconds, or a disk that is full
then, leaves them cut, and every later command fails. Both can be spared: results are in DVC's cache, and what a stage
made of the same inputs is found there without dvc.lock too.
"""

import json
import subprocess
from pathlib import Path

LOCK = Path("dvc.lock")
BUSY = Path(".dvc/tmp/rwlock")


def main() -> None:
    """Say what was cut, if anything, and replace it."""
    if BUSY.exists() and not _is_json(BUSY):
        BUSY.unlink()
        print(f"{BUSY} was cut by a kill or a full disk: removed")
    if LOCK.exists() and not _dvc_reads(LOCK):
        LOCK.unlink()
        subprocess.run(["git", "checkout", "--quiet", "--", str(LOCK)], stderr=subprocess.DEVNULL, check=False)
        print(f"{LOCK} was cut by a kill or a full disk: {'as committed again' if LOCK.exists() else 'removed'}")


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
