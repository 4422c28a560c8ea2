"""A tiny DVC project with the params.yaml of this one: four stages of a tenth of a second, without TensorFlow."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.conftest import REPOSITORY
from tests.project import Project as AnyProject
from tests.project import wait_for as _wait_for

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
THREE = SWEEP.replace("[7, 8]", "[8]").replace(", autoencoder.pca.mse", "")


class Project(AnyProject):
    """The tiny project, and `python -m sweeps` typed in it."""

    errors = subprocess.PIPE

    def runs(self) -> list[str]:
        """Stage, seed and latent of every run of a stage, on any node."""
        return sorted(path.name.rsplit("-", 1)[0] for path in self.marks.glob("*-*"))

    def environment(self, **variables: str) -> dict[str, str]:
        return super().environment(PYTHONPATH=str(REPOSITORY), **variables)

    def sweeps(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.type(self.python, "-m", "sweeps", *arguments)

    def trees(self) -> dict[str, str]:
        """Name of every experiment → hash of all of its content that Git holds."""
        listing = self.succeed("git", "for-each-ref", "--format=%(refname:lstrip=4) %(tree)", "refs/exps/*/*/*")
        return dict(line.split() for line in listing.splitlines())


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The tiny project after its first `dvc repro`, committed; to be copied, not to be changed."""
    project = Project(tmp_path_factory.mktemp("sweeps") / "project")
    project.folder.mkdir()
    project.marks.mkdir()
    shutil.copyfile(REPOSITORY / "params.yaml", project.folder / "params.yaml")
    files = {"dvc.yaml": PIPELINE, "work.py": WORK, ".gitignore": "/models/\n"}
    for name, text in (files | {"sweeps/small.yaml": SWEEP, "sweeps/three.yaml": THREE}).items():
        project.write(name, text)
    project.init()
    project.succeed("dvc", "repro")
    project.commit("A run")
    return project


@pytest.fixture
def project(finished, tmp_path, monkeypatch) -> Project:
    """A copy of the finished project with no mark yet, the current folder."""
    copy = finished.copy(tmp_path / "project")
    copy.marks.mkdir()
    monkeypatch.setenv("MARKS", str(copy.marks))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.chdir(copy.folder)
    return copy


def wait_for(condition: Callable[[], bool], process: subprocess.Popen | None = None) -> None:
    """Wait until something is so, while a process runs that is to make it so."""
    assert _wait_for(lambda: condition() or (process and process.poll() is not None), seconds=900)
    assert condition(), process.communicate()
