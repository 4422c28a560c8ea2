"""The repository as it may reach a user: shallow, with Windows' line ends asked for, without Git, read-only."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, copy_repository, keep_stages

BIN = Path(sys.executable).parent
GIT = ("git", "-c", "user.name=Student", "-c", "user.email=student@example.com")


def run(folder: Path, *command: str, **options) -> str:
    """What a command that must succeed prints."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Path:
    """The repository with two commits, and with few stages."""
    folder = tmp_path_factory.mktemp("origin")
    copy_repository(folder)
    keep_stages(folder, "check", "evaluate-autoencoder")
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", "--all")
    for message in ("First", "Second"):
        run(folder, *GIT, "commit", "--quiet", "--allow-empty", "--message", message)
    return folder


def prepared(folder: Path) -> Path:
    """A folder whose environment is, for make, set up already; its `dvc repro` is that of the first stage."""
    folder = folder.resolve()
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name, command in {
        "python": f'exec "{sys.executable}" "$@"',
        "dvc": f'[ "$*" != repro ] || set -- repro check\nexec "{BIN / "dvc"}" "$@"',
    }.items():
        (folder / ".venv" / "bin" / name).write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        (folder / ".venv" / "bin" / name).chmod(0o755)
    (folder / ".venv" / "installed").write_text(f"{folder}/.venv\n", encoding="utf-8")
    return folder


def test_an_experiment_in_a_shallow_clone(origin, tmp_path):
    run(tmp_path, "git", "clone", "--quiet", "--depth", "1", origin.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    assert run(shallow, "git", "rev-list", "--count", "HEAD") == "1\n"
    name = ("-c", "user.name=Student", "-c", "user.email=student@example.com")
    for key, value in (part.split("=") for part in name[1::2]):
        run(shallow, "git", "config", key, value)
    assert "Running stage 'check'" in run(shallow, "dvc", "exp", "run", "--set-param", "latent=16", "check")
    assert "latent" in run(shallow, "dvc", "params", "diff")
    assert "autoencoder" in run(shallow, "dvc", "metrics", "show")


def test_make_repro_without_git_and_with_git_again(tmp_path):
    copy_repository(tmp_path)
    prepared(tmp_path)  # last: its stamp must be newer than the locks
    keep_stages(tmp_path, "check", "evaluate-autoencoder")
    assert "Running stage 'check'" in run(tmp_path, "make", "repro", "JOBS=1")
    config = tmp_path / ".dvc" / "config.local"
    assert "no_scm = true" in config.read_text(encoding="utf-8")
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "make", "repro", "JOBS=1")
    assert "no_scm" not in config.read_text(encoding="utf-8")


def test_make_repro_in_a_read_only_checkout_says_so_in_a_line():
    # root may write everywhere, so it is not root who types; its temporary folder must be one that others may enter.
    anyone = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("Makefile", "requirements.txt", "reprise/command.sh", ".dvc/config"):
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copyfile(REPOSITORY / file, folder / file)
        shutil.copyfile(REPOSITORY / "reprise/command.sh", prepared(folder) / ".venv/bin/reprise")
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        result = subprocess.run(
            ["make", "repro"], cwd=folder, capture_output=True, text=True, check=False, timeout=60, **anyone
        )
        for path in folders:
            path.chmod(0o755)
    assert result.returncode == 2
    error, make = result.stderr.splitlines()
    assert error.startswith("error: this checkout is read-only")
    assert re.match(r"make(\[\d+\])?: \*\*\*", make)  # the tests may have been started by make, too


def test_no_variable_of_the_shell_changes_or_slows_the_stages(tmp_path):
    (tmp_path / "more.mk").write_text("include Makefile\nshown:\n\t@env\n", encoding="utf-8")
    names = "PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONWARNINGS PYTHONDONTWRITEBYTECODE PIP_USER CDPATH"
    kept_out = dict.fromkeys(names.split(), "1")
    shown = subprocess.run(
        ["make", "--file", str(tmp_path / "more.mk"), "shown"],
        cwd=REPOSITORY,
        env={**os.environ, **kept_out, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {line.partition("=")[0] for line in shown.splitlines()}
    assert "PYTHONHASHSEED" in names
    assert not names & set(kept_out)
