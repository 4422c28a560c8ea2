"""The repository as it may reach a user: without Git, and in a shell with variables of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY, copy_repository, keep_stages

BIN = Path(sys.executable).parent


def run(folder: Path, *command: str, **options) -> str:
    """What a command that must succeed prints."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


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
