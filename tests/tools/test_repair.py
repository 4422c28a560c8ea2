"""DVC's own files, cut as a kill or a full disk leaves them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, keep_stages
from tools import repair

DVC = Path(sys.executable).parent / "dvc"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """Some stages as committed, nothing made; to be copied, not to be changed."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in ("dvc.yaml", "dvc.lock", "params.yaml"):
        shutil.copyfile(REPOSITORY / name, folder / name)
    keep_stages(folder, "check", "download-digits", "preprocess-autoencoder")
    for command in (["git", "init", "--quiet"], [DVC, "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture
def checkout(fresh, workdir) -> Path:
    """A copy of the fresh one, the current folder."""
    return shutil.copytree(fresh, workdir, dirs_exist_ok=True)


def status() -> subprocess.CompletedProcess:
    return subprocess.run([DVC, "status"], capture_output=True, text=True, check=False)


def test_a_cut_lock_file_is_as_committed_again(checkout, capsys):
    whole = (checkout / "dvc.lock").read_bytes()
    cut = whole.index(b"md5:", len(whole) // 2) + 1  # within a key; after a line, it could be read
    (checkout / "dvc.lock").write_bytes(whole[:cut])
    assert "dvc.lock' " in status().stderr
    repair.main()
    assert (checkout / "dvc.lock").read_bytes() == whole
    assert "as committed again" in capsys.readouterr().out
    assert status().returncode == 0


def test_a_list_of_busy_files_that_is_cut_or_names_no_running_command_is_removed(checkout):
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    repair.BUSY.parent.mkdir(parents=True, exist_ok=True)
    repair.BUSY.write_text('{"wri', encoding="utf-8")
    repair.main()
    assert not repair.BUSY.exists()
    repair.BUSY.write_text(json.dumps({"a": {"write": {"pid": killed.pid, "cmd": "dvc repro"}}}), encoding="utf-8")
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
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        if path.name != ".new.tmp":
            os.utime(path, (0, 0))
    repair.BUSY.parent.mkdir(parents=True, exist_ok=True)
    repair.BUSY.write_text(
        json.dumps({"data/raw": {"write": {"pid": os.getpid(), "cmd": "dvc repro"}}}), encoding="utf-8"
    )
    repair.main()
    assert all(path.exists() for path in left)
    repair.BUSY.write_text("{}", encoding="utf-8")
    repair.main()
    assert not any(path.exists() for path in left)
    assert Path("data/raw/.new.tmp").exists()
    assert Path("data/raw/digits.npz").exists()
    assert capsys.readouterr().out == f"removed what a kill left half made: {left[0]}, {left[1]}\n"
