"""A tiny DVC project with the params.yaml of this one: four stages of a tenth of a second, without TensorFlow."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.pipeline.conftest import Clone

PIPELINE = """
stages:
  train-sizes: # as here: obeys the seed, not `latent`
    cmd: exec python work.py sizes
    deps: [work.py]
    params: [seed]
    outs: [models/sizes.txt]
  train:
    cmd: exec python work.py train
    deps: [work.py, models/sizes.txt]
    params: [seed, latent]
    outs: [models/model.txt]
  evaluate-autoencoder:
    cmd: exec python work.py evaluate
    deps: [work.py, models/model.txt]
    metrics:
      - metrics/autoencoder.json: {cache: false}
  evaluate-textgen:
    cmd: exec python work.py textgen
    deps: [work.py]
    params: [seed]
    metrics:
      - metrics/textgen.json: {cache: false}
"""
# A latent of 13 fails. Every run of a stage leaves a mark in the folder MARKS, so that runs can be counted; where
# it holds a file `wait`, training does.
WORK = """
import json, os, sys, time, uuid
from pathlib import Path

import yaml

import stages  # a stage ends with the dvc that started it, as every stage here does

params = yaml.safe_load(Path("params.yaml").read_text())
seed, latent = params["seed"], params["latent"]
stage = sys.argv[1]
marks = Path(os.environ["MARKS"])
(marks / f"{stage}-{seed}-{latent}-{uuid.uuid4().hex}").write_text(str(os.getpid()))
Path("models").mkdir(exist_ok=True)
Path("metrics").mkdir(exist_ok=True)
if stage == "sizes":
    Path("models/sizes.txt").write_text(f"sizes of {seed} " * 1000)
elif stage == "train":
    if latent == 13:
        sys.exit("latent 13 is out of luck")
    while (marks / "wait").exists():
        time.sleep(0.1)
    Path("models/model.txt").write_text(f"{seed / latent}")
elif stage == "evaluate":
    loss = float(Path("models/model.txt").read_text())
    Path("metrics/autoencoder.json").write_text(json.dumps({"mse": loss, "pca": {"mse": 2 * loss}}))
else:
    Path("metrics/textgen.json").write_text(json.dumps({"nats": seed}))
"""
SWEEP = """
groups:
- name: size
  params:
    latent: [16, 32]
  seeds: [7, 8]
  targets: [evaluate-autoencoder]
  metrics: [autoencoder.mse, autoencoder.pca.mse]
- name: text
  seeds: [7, 8]
  targets: [evaluate-textgen]
  metrics: [textgen.nats]
"""


THREE = """
groups:
- name: size
  params:
    latent: [16, 32]
  seeds: [8]
  targets: [evaluate-autoencoder]
  metrics: [autoencoder.mse]
- name: text
  seeds: [8]
  targets: [evaluate-textgen]
  metrics: [textgen.nats]
"""


class Project(Clone):
    """The tiny project, and `python -m sweeps` typed in it."""

    @property
    def marks(self) -> Path:
        """A file for every run of a stage."""
        return self.folder.parent / "marks"

    def runs(self) -> list[str]:
        """Stage, seed and latent of every run of a stage, on any node."""
        return sorted(path.name.rsplit("-", 1)[0] for path in self.marks.glob("*-*"))

    def environment(self, **more: str) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), "MARKS": str(self.marks), **more}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen:
        """`python -m sweeps` in a process group of its own, to be struck by Ctrl-C."""
        command = [sys.executable, "-m", "sweeps", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(**more),
            start_new_session=True,
            # Tests that a script runs in the background have Ctrl-C ignored, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **pipes,
        )

    def sweeps(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        process = self.start(*arguments, **more)
        stdout, stderr = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def write(self, name: str, content: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(textwrap.dedent(content).lstrip(), encoding="utf-8")

    def commit(self, message: str) -> None:
        self.succeed("git", "add", "--all")
        self.succeed("git", "commit", "--quiet", "--message", message)

    def trees(self) -> dict[str, str]:
        """Name of every experiment → hash of all of its content that Git holds."""
        listing = self.succeed("git", "for-each-ref", "--format=%(refname:lstrip=4) %(tree)", "refs/exps/*/*/*")
        return dict(line.split() for line in listing.splitlines())


def build(folder: Path) -> Project:
    """The tiny project after its first `dvc repro`, committed, with an empty folder for marks beside it."""
    folder.mkdir(parents=True)
    project = Project(folder)
    project.marks.mkdir()
    shutil.copyfile(REPOSITORY / "params.yaml", folder / "params.yaml")
    project.write("dvc.yaml", PIPELINE)
    project.write("work.py", WORK)
    project.write("sweeps/small.yaml", SWEEP)
    project.write("sweeps/three.yaml", THREE)
    project.write(".gitignore", "/models/\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKS", str(project.marks))
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        project.succeed("git", "init", "--quiet", "--initial-branch", "main")
        project.succeed("git", "config", "user.name", "Student")
        project.succeed("git", "config", "user.email", "student@example.com")
        project.succeed("dvc", "init", "--quiet")
        project.succeed("dvc", "repro")
        project.commit("A run")
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The tiny project, to be copied, not to be changed."""
    return build(tmp_path_factory.mktemp("sweeps") / "project")


@pytest.fixture
def project(finished, tmp_path, monkeypatch) -> Project:
    """A copy of the finished project with no mark yet, the current folder."""
    (tmp_path / "marks").mkdir()
    copy = Project(finished.copy(tmp_path / "project").folder)
    monkeypatch.setenv("MARKS", str(copy.marks))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.chdir(copy.folder)
    return copy


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that work in a folder or below."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is so, while a process runs that is to make it so."""
    end = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
