"""What is edited while a stage runs: the stage fails before DVC records anything, or the edit does not concern it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.core import artifacts, command, snapshot
from stages.core.errors import StageError
from stages.training.checkpoint import Checkpoint
from tests.conftest import REPOSITORY

BIN = Path(sys.executable).parent

# `imported` and data.txt are read before the wait, `late` and the folder after it.
STAGE = """
import time
from pathlib import Path

from stages.core import artifacts
from stages.core.command import run
from stages.imported import NAME
from stages.training.checkpoint import Checkpoint


def wait_for(name):
    Path(name + ".reached").touch()
    while not Path(name + ".go").exists():
        time.sleep(0.01)


def main(params):
    checkpoint = Checkpoint("waiting", {"latent": params.latent}, ["data.txt"])
    print("resumed" if checkpoint.load() is not None else "trained")
    checkpoint.save()
    read = artifacts.read_text("data.txt")
    wait_for("main")
    from stages.late import NAME as late

    wait_for("late")
    artifacts.write_text("made.txt", f"{params.latent} {read} {NAME} {late}")
    checkpoint.remove()


if __name__ == "__main__":
    run(main)
"""
PIPELINE = """
stages:
  waiting:
    cmd: python -m stages.waiting
    deps: [stages/core, stages/waiting.py, data.txt, folder, "${data.text}"]
    params: [latent, data.text, autoencoder.hidden]
    outs: [made.txt]
"""


class Project:
    """A repository of one stage, which waits for a file where the test has its turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen | None = None

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def start(self, *words: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
        environment["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        for name in ("main", "late"):
            (self.folder / f"{name}.reached").unlink(missing_ok=True)
            (self.folder / f"{name}.go").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            words, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def reach(self, name: str) -> None:
        end = time.monotonic() + 60
        while not (self.folder / f"{name}.reached").exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.01)

    def pass_on(self, name: str) -> None:
        (self.folder / f"{name}.go").touch()

    def end(self) -> tuple[int, str]:
        for name in ("main", "late"):
            self.pass_on(name)
        output = self.process.communicate(timeout=60)[0]
        return self.process.returncode, output

    def lock(self) -> dict:
        path = self.folder / "dvc.lock"
        return YAML(typ="safe").load(path)["stages"] if path.exists() else {}

    def checkpoints(self) -> list[Path]:
        return list(self.folder.glob(".checkpoints/*.npz"))


@pytest.fixture
def project(tmp_path) -> Iterator[Project]:
    for name in ("stages/core", "stages/training"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("stages/__init__.py", "stages/params.py", "params.yaml", ".dvcignore"):
        shutil.copyfile(REPOSITORY / name, tmp_path / name)
    project = Project(tmp_path)
    project.write("stages/waiting.py", STAGE)
    project.write("stages/imported.py", 'NAME = "a"\n')
    project.write("stages/late.py", 'NAME = "b"\n')
    project.write("dvc.yaml", PIPELINE)
    project.write("data.txt", "data")
    project.write("own/text.txt", "a text")
    (tmp_path / "folder").symlink_to("linked")
    project.write("linked/deep/part.txt", "a part")
    project.replace("params.yaml", "text: stages/datasets/packaged.txt", "text: own")
    project.replace("params.yaml", "latent: 32", "latent: 40")
    yield project
    if project.process is not None and project.process.poll() is None:
        project.process.kill()


def rewrite(path: Path) -> None:
    """Write a file again, with the content it has."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


CHANGES = {
    "a param": (
        lambda p: p.replace("params.yaml", "latent: 40", "latent: 48"),
        "params.yaml changed while this stage ran (latent: 40 → 48); run again",
    ),
    "a param of a section": (
        lambda p: p.replace("params.yaml", "hidden: []", "hidden: [64]"),
        "params.yaml changed while this stage ran (autoencoder.hidden: [] → [64]); run again",
    ),
    "a param taken out": (
        lambda p: p.replace("params.yaml", "latent: 40", "#"),
        "params.yaml changed while this stage ran (latent: 40 → absent); run again",
    ),
    "params.yaml broken": (lambda p: p.write("params.yaml", "latent: ["), "params.yaml is not YAML"),
    "imported code": (lambda p: p.replace("stages/imported.py", "a", "c"), "stages/imported.py changed"),
    "the stage itself": (lambda p: p.replace("stages/waiting.py", "import", "# \nimport"), "stages/waiting.py changed"),
    "code to be imported": (lambda p: p.replace("stages/late.py", "b", "c"), "stages/late.py changed"),
    "a shared module": (lambda p: p.write("stages/core/further.py", ""), "stages/core/further.py changed"),
    "data": (lambda p: p.replace("data.txt", "data", "DATA"), "data.txt changed"),
    "data written again": (lambda p: rewrite(p.folder / "data.txt"), "data.txt changed"),
    "data removed": (lambda p: (p.folder / "data.txt").unlink(), "data.txt changed"),
    "a file in a linked folder": (
        lambda p: p.write("folder/deep/part.txt", "other"),
        "folder/deep/part.txt changed",
    ),
    "a new file in data of params.yaml": (lambda p: p.write("own/more.txt", "more"), "own/more.txt changed"),
}


@pytest.mark.parametrize(("edit", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_the_stage_depends_on_fails_it(project, edit, expected):
    project.start(sys.executable, "-m", "stages.waiting")
    project.reach("main")
    edit(project)
    status, output = project.end()
    assert status == 1, output
    assert f"error: {expected}" in output
    assert "Traceback" not in output
    assert project.checkpoints()


UNRELATED = {
    "a param of other stages": lambda p: p.replace("params.yaml", "seed: 7", "seed: 8"),
    "the form of params.yaml": lambda p: p.replace("params.yaml", "latent: 40", "# a comment\nlatent:    40"),
    "code that is not imported": lambda p: p.write("stages/other.py", ""),
    "imported code saved without an edit": lambda p: rewrite(p.folder / "stages/imported.py"),
    "a file that DVC ignores": lambda p: p.write("folder/__pycache__/x.pyc", ""),
    "a half-written file": lambda p: p.write("folder/.part.tmp", ""),
}


@pytest.mark.parametrize("edit", UNRELATED.values(), ids=UNRELATED)
def test_any_other_change_does_not(project, edit):
    project.start(sys.executable, "-m", "stages.waiting")
    project.reach("main")
    edit(project)
    status, output = project.end()
    assert status == 0, output
    assert (project.folder / "made.txt").read_text(encoding="utf-8") == "40 data a b"
    assert not project.checkpoints()


@pytest.mark.parametrize("name", ["stages/late.py", "data.txt"])
def test_a_change_that_was_taken_back_after_it_was_read_fails_the_stage(project, name):
    project.start(sys.executable, "-m", "stages.waiting")
    project.reach("main")
    project.replace(name, "a", "c") if name == "data.txt" else project.replace(name, "b", "c")
    project.pass_on("main")
    project.reach("late")
    project.replace(name, "c", "a") if name == "data.txt" else project.replace(name, "c", "b")
    status, output = project.end()
    assert status == 1
    assert f"error: {name} changed while this stage ran; run again" in output


def test_dvc_records_nothing_and_the_training_counts_when_the_change_is_taken_back(project):
    subprocess.run([BIN / "dvc", "init", "--quiet", "--no-scm"], cwd=project.folder, check=True)
    project.start("dvc", "repro")
    project.reach("main")
    project.replace("params.yaml", "latent: 40", "latent: 48")
    project.replace("stages/imported.py", "a", "c")
    status, output = project.end()
    assert status != 0
    assert "params.yaml changed while this stage ran (latent: 40 → 48); run again\nstages/imported.py changed" in output
    assert project.lock() == {}
    assert not list(project.folder.glob(".dvc/cache/runs/*/*/*"))

    project.replace("params.yaml", "latent: 48", "latent: 40")
    project.replace("stages/imported.py", "c", "a")
    project.start("dvc", "repro")
    status, output = project.end()
    assert status == 0, output
    assert "resumed" in output
    assert project.lock()["waiting"]["params"]["params.yaml"]["latent"] == 40
    assert not project.checkpoints()


def test_an_experiment_in_a_folder_of_its_own_ignores_edits_of_the_workspace(project):
    for words in (
        ("git", "init", "--quiet"),
        ("git", "config", "user.name", "Student"),
        ("git", "config", "user.email", "student@example.com"),
        (BIN / "dvc", "init", "--quiet"),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "--message", "A stage"),
    ):
        subprocess.run(words, cwd=project.folder, check=True)
    workspace = Project(project.folder)
    workspace.start("dvc", "exp", "run", "--temp", "--set-param", "latent=24", "--name", "small")
    end = time.monotonic() + 120
    while not (found := list(project.folder.glob(".dvc/tmp/exps/**/main.reached"))):
        assert workspace.process.poll() is None, workspace.process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)
    workspace.replace("params.yaml", "latent: 40", "latent: 48")
    Project(found[0].parent).pass_on("main")
    Project(found[0].parent).pass_on("late")
    output = workspace.process.communicate(timeout=120)[0]
    assert workspace.process.returncode == 0, output
    shown = subprocess.run(
        ["git", "show", f"{next(iter(refs(project.folder)))}:dvc.lock"],
        cwd=project.folder,
        check=True,
        capture_output=True,
    )
    assert YAML(typ="safe").load(shown.stdout)["stages"]["waiting"]["params"]["params.yaml"]["latent"] == 24


def refs(folder: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)", "refs/exps"], cwd=folder, check=True, capture_output=True
    )
    return [name for name in listed.stdout.decode().split() if name.endswith("/small")]


def test_a_message_names_few_of_many_changes(workdir):
    artifacts.write_text("params.yaml", "a: 1\n")
    for number in range(50):
        artifacts.write_text(f"data/{number}.txt", "x")
    state = snapshot.Snapshot({"deps": ["data"], "params": ["a"]})
    for number in range(50):
        artifacts.write_text(f"data/{number}.txt", "other")
    with pytest.raises(StageError) as error:
        state.end()
    lines = str(error.value).splitlines()
    assert len(lines) == snapshot.NAMED
    assert lines[-1].endswith(" and 47 more changed while this stage ran; run again")


def test_outside_a_stage_a_checkpoint_goes_at_once(workdir):
    checkpoint = Checkpoint("one", {}, [])
    checkpoint.save()
    checkpoint.remove()
    assert not checkpoint.path.exists()
    assert command._when_done is None
