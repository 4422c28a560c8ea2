import subprocess
import sys
import tomllib

import pytest
import yaml

from reprise.__main__ import checked
from reprise.reconstruct import path_of
from tests.conftest import REPOSITORY


def test_without_a_command_the_help_is_printed(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["reprise"])
    with pytest.raises(SystemExit) as end:
        checked()
    assert end.value.code == 0
    assert "reconstruct" in capsys.readouterr().out


def test_the_version_is_that_of_the_project():
    told = subprocess.run(
        [sys.executable, "-m", "reprise", "--version"], cwd=REPOSITORY, capture_output=True, text=True
    )
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert (told.returncode, told.stdout) == (0, f"reprise {version}\n")


def test_a_command_does_not_fail_because_of_another_parameter(folder, workdir):
    """An unknown key may be left over from a refused experiment, and other tasks' values do not matter."""
    (workdir / "models").symlink_to(folder / "models")
    content = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    content |= {"foo": 1, "threads": -3, "textgen": None}
    (workdir / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    assert path_of(4, workdir) == workdir / "models/sizes/latent-4.keras"
