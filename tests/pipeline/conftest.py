"""One small run of the real pipeline, made once, that every test of this folder starts from."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import modify_yaml

from tests.conftest import REPOSITORY

# Little enough for seconds; a quality is not asked of these networks.
TINY = {
    "data.limit": 600,
    "autoencoder.training": {"steps": 30, "epochs": 2, "batch": 32, "learning_rate": 0.003},
    "denoiser.dense.training": {"steps": 30, "epochs": 2},
    "denoiser.conv.training": {"steps": 30, "epochs": 2},
    "textgen.network": {"units": [16]},
    "textgen.training": {"steps": 30, "epochs": 2},
    "textgen.sampling": {"length": 50, "samples": 2},
    "sentiment.training": {"steps": 20, "epochs": 2},
}
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


class Clone:
    """A repository of its own, and commands typed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def copy(self, folder: Path) -> "Clone":
        """The same repository, DVC's cache and all, in an empty folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return Clone(folder)

    def type(self, *command: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=1800
        )

    def succeed(self, *command: str) -> str:
        result = self.type(*command)
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
        return result.stdout + result.stderr

    def set_params(self, values: dict) -> None:
        # As DVC writes it, so that an experiment changes its own line and no other.
        with modify_yaml(self.folder / "params.yaml") as content:
            for key, value in values.items():
                *parents, last = key.split(".")
                section = content
                for parent in parents:
                    section = section[parent]
                if isinstance(value, dict):
                    section[last].update(value)
                else:
                    section[last] = value

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def outputs(self) -> dict[str, bytes]:
        folders = ("data", "models", "metrics", "plots", "report")
        paths = [path for folder in folders for path in (self.folder / folder).rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def stages_run(output: str) -> set[str]:
    """The stages whose command ran."""
    return set(re.findall(r"Running stage '([^']+)'", output))


def build(folder: Path, params: dict) -> Clone:
    """The files git knows or would take, as they are, in an empty folder; one full repro with `params`, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file() and not name.startswith(("metrics/", "plots/", "report/", "dvc.lock")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)
    clone = Clone(folder)
    clone.set_params(params)
    clone.succeed("git", "init", "--quiet")
    clone.succeed("git", "config", "user.name", "Student")
    clone.succeed("git", "config", "user.email", "student@example.com")
    assert stages_run(clone.succeed("dvc", "repro")) == set(STAGES)
    clone.succeed("git", "add", "--all")
    clone.succeed("git", "commit", "--quiet", "--message", "A run")
    return clone


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Clone:
    """A finished run under a path with a space, to be copied (`clone`), not to be changed.

    With an accent in the path all of this holds too, but for the queue: DVC cannot write its configuration then.
    """
    return build(tmp_path_factory.mktemp("a folder"), TINY)


@pytest.fixture(scope="module")
def clone(built, tmp_path_factory) -> Clone:
    """A copy of `built`, cache and all, for the tests of one file to change."""
    return built.copy(tmp_path_factory.mktemp("another folder"))
