"""The repository as it may reach a user: without Git, and in a shell with variables of its own."""

import os
import subprocess

from tests.conftest import REPOSITORY, copy_repository, keep_stages
from tests.project import Project


def test_make_repro_without_git_and_with_git_again(tmp_path):
    copy_repository(tmp_path)
    keep_stages(tmp_path, "check")
    project = Project(tmp_path)
    repro = ("make", "--assume-old=setup", "repro", "JOBS=1")
    assert "Running stage 'check'" in project.succeed(*repro)
    assert "no_scm = true" in project.read(".dvc/config.local")
    project.succeed("git", "init", "--quiet")
    project.succeed(*repro)
    assert "no_scm" not in project.read(".dvc/config.local")


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
