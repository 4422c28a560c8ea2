"""DVC's own files, cut as a kill or a full disk leaves them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, keep_stages
from tests.project import Project
from tools import repair

BUSY = repair.BUSY.as_posix()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Project:
    """Some stages as committed, nothing made; to be copied, not to be changed."""
    project = Project(tmp_path_factory.mktemp("fresh"))
    for name in ("dvc.yaml", "dvc.lock", "params.yaml"):
        shutil.copyfile(REPOSITORY / name, project.folder / name)
    keep_stages(project.folder, "check", "download-digits", "preprocess-autoencoder")
    project.init()
    return project


@pytest.fixture
def checkout(fresh, workdir) -> Project:
    """A copy of the fresh one, the current folder."""
    return fresh.copy(workdir)


def busy(pid: int) -> str:
    """DVC's list of busy files while a process works."""
    return json.dumps({"data/raw": {"write": {"pid": pid, "cmd": "dvc repro"}}})


def test_a_cut_lock_file_is_as_committed_again(checkout, capsys):
    whole = checkout.read("dvc.lock")
    checkout.write(
        "dvc.lock", whole[: whole.index("md5:", len(whole) // 2) + 1]
    )  # within a key; after a line it could be read
    assert "dvc.lock' " in checkout.type("dvc", "status").stderr
    repair.main()
    assert checkout.read("dvc.lock") == whole
    assert "as committed again" in capsys.readouterr().out
    checkout.succeed("dvc", "status")


def test_a_list_of_busy_files_that_is_cut_or_names_no_running_command_is_removed(checkout):
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    checkout.write(BUSY, '{"wri')
    repair.main()
    assert not repair.BUSY.exists()
    checkout.write(BUSY, busy(killed.pid))
    repair.main()
    assert repair.BUSY.exists()
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # has ended, and stays a zombie
    repair.main()
    assert not repair.BUSY.exists()
    killed.wait()


def test_copies_left_half_made_are_removed_when_nobody_makes_them(checkout, capsys):
    left = [Path("data/raw/.TLRjeJbaGM1RTjQvYRy3kA.tmp"), Path("models/sizes/.latent-16.tmp.keras")]
    for path in (*left, Path("data/raw/.new.tmp"), Path("data/raw/digits.npz")):
        checkout.write(str(path), "half")
        if path.name != ".new.tmp":
            os.utime(path, (0, 0))
    checkout.write(BUSY, busy(os.getpid()))
    repair.main()
    assert all(path.exists() for path in left)
    checkout.write(BUSY, "{}")
    repair.main()
    assert not any(path.exists() for path in left)
    assert Path("data/raw/.new.tmp").exists()
    assert Path("data/raw/digits.npz").exists()
    assert capsys.readouterr().out == f"removed what a kill left half made: {left[0]}, {left[1]}\n"
