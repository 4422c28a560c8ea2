"""What is edited while a stage runs: the stage fails before DVC records anything, or the edit does not concern it."""

import subprocess
from pathlib import Path

import pytest

from tests.project import Project, little, wait_for

# Waits for a file where the test has its turn.
STAGE = """
import time
from pathlib import Path

from stages.core import artifacts
from stages.core.command import run
from stages.imported import NAME
from stages.training.checkpoint import Checkpoint


def main(params):
    checkpoint = Checkpoint("waiting", {"latent": params.latent}, ["data.txt"])
    print("resumed" if checkpoint.load() is not None else "trained")
    checkpoint.save()
    read = artifacts.read_text("data.txt")
    Path("reached").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    artifacts.write_text("made.txt", f"{params.latent} {read} {NAME}")
    checkpoint.remove()


if __name__ == "__main__":
    run(main)
"""
PIPELINE = """
stages:
  waiting:
    cmd: exec python -m stages.waiting
    deps: [stages/training, stages/imported.py, stages/waiting.py, data.txt, "${data.text}"]
    params: [latent, data.text]
    outs: [made.txt]
"""


@pytest.fixture
def project(tmp_path) -> Project:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/text.txt").write_text("a text", encoding="utf-8")
    (tmp_path / "data.txt").write_text("data", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("reached\ngo\n.checkpoints\nmade.txt\n", encoding="utf-8")
    project = little(tmp_path, PIPELINE, waiting=STAGE, imported='NAME = "a"\n')
    project.set_params({"data.text": "own", "latent": 40})
    project.commit("Own params")
    return project


def waiting(project: Project, *command: str, **variables: str) -> subprocess.Popen:
    for name in ("reached", "go"):
        (project.folder / name).unlink(missing_ok=True)
    process = project.start(*command, **variables)
    assert wait_for(lambda: (project.folder / "reached").exists() or process.poll() is not None)
    return process


def by_hand(project: Project) -> subprocess.Popen:
    """The stage, as DVC starts it, without the seconds that DVC takes."""
    return waiting(project, "sh", "-c", "python -m stages.waiting; exit $?", DVC_STAGE="waiting")


def end(project: Project, process: subprocess.Popen) -> tuple[int, str]:
    (project.folder / "go").touch()
    output = process.communicate(timeout=60)[0]
    return process.returncode, output


def checkpoints(project: Project) -> list[Path]:
    return list(project.folder.glob(".checkpoints/*.npz"))


def rewrite(path: Path) -> None:
    """Write a file again, with the content it has."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


CHANGES = {
    "stages/imported.py": lambda p: p.replace("stages/imported.py", "a", "c"),
    "data.txt": lambda p: rewrite(p.folder / "data.txt"),
    "own/more.txt": lambda p: p.write("own/more.txt", "more"),
}


def test_a_change_of_what_the_stage_depends_on_fails_it(project):
    process = by_hand(project)
    for edit in CHANGES.values():
        edit(project)
    status, output = end(project, process)
    assert status == 1, output
    for name in CHANGES:
        assert f"{name} changed while this stage ran; run again\n" in output
    assert "Traceback" not in output
    assert checkpoints(project)


UNRELATED = {
    "the form of params.yaml": lambda p: p.replace("params.yaml", "latent: 40", "# a comment\nlatent:    40"),
    "code saved without an edit": lambda p: rewrite(p.folder / "stages/imported.py"),
    "a file that DVC ignores": lambda p: p.write("own/__pycache__/x.pyc", ""),
    "a half-written file": lambda p: p.write("own/.part.tmp", ""),
}


def test_any_other_change_does_not(project):
    process = by_hand(project)
    for edit in UNRELATED.values():
        edit(project)
    status, output = end(project, process)
    assert status == 0, output
    assert project.read("made.txt") == "40 data a"
    assert not checkpoints(project)


def test_dvc_records_nothing_and_the_training_counts_when_the_change_is_taken_back(project):
    process = waiting(project, "dvc", "repro")
    project.set_params({"latent": 48})
    project.replace("stages/imported.py", "a", "c")
    status, output = end(project, process)
    assert status != 0
    assert "error: params.yaml: latent changed while this stage ran; run again\nstages/imported.py changed" in output
    assert not (project.folder / "dvc.lock").exists()
    assert not list(project.folder.glob(".dvc/cache/runs/*/*/*"))

    project.set_params({"latent": 40})
    project.replace("stages/imported.py", "c", "a")
    status, output = end(project, waiting(project, "dvc", "repro"))
    assert status == 0, output
    assert "resumed" in output
    assert "latent: 40" in project.read("dvc.lock")
    assert not checkpoints(project)
