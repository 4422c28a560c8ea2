"""One small run of the real pipeline, made once, from which every test of this folder starts."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import modify_yaml

from tests.conftest import REPOSITORY, copy_repository

# Small enough for seconds; the quality of these networks does not matter.
TINY = {
    "data.limit": 600,
    "autoencoder.training": {"steps": 30, "epochs": 2, "batch": 32, "learning_rate": 0.003},
    "denoiser.dense": {"hidden": [24]},
    "denoiser.dense.training": {"steps": 30, "epochs": 2},
    "denoiser.conv": {"channels": [4, 8], "units": 16},
    "denoiser.conv.training": {"steps": 30, "epochs": 2},
    "denoiser.noise_levels": [0.25, 0.5, 1.0],
    "textgen.network": {"units": [16]},
    "textgen.training": {"steps": 30, "epochs": 2},
    "textgen.sampling": {"length": 50, "samples": 2},
    "sentiment.network": {
        **{"vocabulary": 2000, "ngrams": 20000, "length": 60},
        **dict.fromkeys(("embedding", "filters", "units", "sentence_units"), 8),
    },
    "sentiment.training": {"steps": 20, "epochs": 2, "batch": 16, "sentences": 16, "short": 16},
}
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


class Clone:
    """A repository, and commands run in it, with the programs of the environment of `python`."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = python

    def copy(self, folder: Path) -> "Clone":
        """The same repository, DVC's cache and all, in an empty folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return Clone(folder)

    def type(self, *command: str, **variables: str) -> subprocess.CompletedProcess:
        path = f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, **variables}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=1800
        )

    def succeed(self, *command: str, **variables: str) -> str:
        result = self.type(*command, **variables)
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


def differing(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Names of the outputs that are not the same in both."""
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))


def stages_run(output: str) -> set[str]:
    """The stages whose command ran."""
    return set(re.findall(r"Running stage '([^']+)'", output))


def build(folder: Path, params: dict) -> Clone:
    """The repository as it is now, in an empty folder; one full repro with `params`, committed."""
    copy_repository(folder, without=("metrics/", "plots/", "report/", "dvc.lock"))
    clone = Clone(folder)
    clone.set_params(params)
    clone.succeed("git", "init", "--quiet")
    clone.succeed("git", "config", "user.name", "Student")
    clone.succeed("git", "config", "user.email", "student@example.com")
    # Side by side; what other tests compare with it (faults, environments, verify) is made by `dvc repro` alone.
    assert stages_run(clone.succeed("make", "--assume-old=setup", "repro", "JOBS=2")) == set(STAGES)
    clone.succeed("git", "add", "--all")
    clone.succeed("git", "commit", "--quiet", "--message", "A run")
    return clone


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Clone:
    """A finished run under a path with a space, to be copied (`clone`), not to be changed; one for all workers.

    With an accent in the path all of this holds too, but for the queue: DVC cannot write its configuration then.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "a folder"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second worker waits here for the first
        if not (folder / "finished").exists():
            shutil.rmtree(folder / "clone", ignore_errors=True)  # of a worker that failed
            (folder / "clone").mkdir()
            build(folder / "clone", TINY)
            (folder / "finished").touch()
    return Clone(folder / "clone")


@pytest.fixture(scope="module")
def clone(built, tmp_path_factory) -> Clone:
    """A copy of `built`, cache and all, for the tests of one file to change."""
    return built.copy(tmp_path_factory.mktemp("another folder"))
