"""What is edited while a stage runs: the stage fails before DVC records anything, or the edit does not concern it."""

import subprocess
from pathlib import Path

import pytest

from stages.core import artifacts, command, snapshot
from stages.core.errors import StageError
from stages.training.checkpoint import Checkpoint
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
    deps: [stages/training, stages/imported.py, stages/waiting.py, data.txt, folder, "${data.text}"]
    params: [latent, data.text, autoencoder.hidden]
    outs: [made.txt]
"""


@pytest.fixture
def project(tmp_path) -> Project:
    (tmp_path / "folder").symlink_to("linked")
    (tmp_path / "linked/deep").mkdir(parents=True)
    (tmp_path / "linked/deep/part.txt").write_text("a part", encoding="utf-8")
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
    "a param": (lambda p: p.set_params({"latent": 48}), "params.yaml: latent"),
    "a param of a section": (lambda p: p.set_params({"autoencoder.hidden": [64]}), "params.yaml: autoencoder.hidden"),
    "a param taken out": (lambda p: p.replace("params.yaml", "latent: 40", "#"), "params.yaml: latent"),
    "params.yaml broken": (lambda p: p.write("params.yaml", "latent: ["), "params.yaml: autoencoder.hidden"),
    "imported code": (lambda p: p.replace("stages/imported.py", "a", "c"), "stages/imported.py"),
    "the stage itself": (lambda p: p.replace("stages/waiting.py", "import", "# \nimport"), "stages/waiting.py"),
    "a shared module": (lambda p: p.write("stages/training/further.py", ""), "stages/training/further.py"),
    "data": (lambda p: p.replace("data.txt", "data", "DATA"), "data.txt"),
    "data written again": (lambda p: rewrite(p.folder / "data.txt"), "data.txt"),
    "data removed": (lambda p: (p.folder / "data.txt").unlink(), "data.txt"),
    "a file in a linked folder": (lambda p: p.write("folder/deep/part.txt", "other"), "folder/deep/part.txt"),
    "a new file in data of params.yaml": (lambda p: p.write("own/more.txt", "more"), "own/more.txt"),
}


@pytest.mark.parametrize(("edit", "name"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_what_the_stage_depends_on_fails_it(project, edit, name):
    process = by_hand(project)
    edit(project)
    status, output = end(project, process)
    assert status == 1, output
    assert f"error: {name} changed while this stage ran; run again" in output
    assert "Traceback" not in output
    assert checkpoints(project)


UNRELATED = {
    "a param of other stages": lambda p: p.set_params({"seed": 8}),
    "the form of params.yaml": lambda p: p.replace("params.yaml", "latent: 40", "# a comment\nlatent:    40"),
    "other code": lambda p: p.write("stages/other.py", ""),
    "code saved without an edit": lambda p: rewrite(p.folder / "stages/imported.py"),
    "a file that DVC ignores": lambda p: p.write("folder/__pycache__/x.pyc", ""),
    "a half-written file": lambda p: p.write("folder/.part.tmp", ""),
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


def test_an_experiment_in_a_folder_of_its_own_ignores_edits_of_the_workspace(project):
    process = project.start("dvc", "exp", "run", "--temp", "--set-param", "latent=24", "--name", "small")
    assert wait_for(lambda: list(project.folder.glob(".dvc/tmp/exps/**/reached")), seconds=120)
    project.set_params({"latent": 48})
    (reached,) = project.folder.glob(".dvc/tmp/exps/**/reached")
    (reached.parent / "go").touch()
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert "24" in project.succeed("dvc", "exp", "show", "--csv")


def test_a_message_names_few_of_many_changes(workdir):
    artifacts.write_text("params.yaml", "a: 1\n")
    artifacts.write_text("dvc.yaml", "stages: {one: {deps: [data], params: [a]}}\n")
    for number in range(50):
        artifacts.write_text(f"data/{number}.txt", "x")
    state = snapshot.Snapshot("one")
    state.check()
    for number in range(50):
        artifacts.write_text(f"data/{number}.txt", "other")
    with pytest.raises(StageError) as error:
        state.check()
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith(" and 47 more changed while this stage ran; run again")


def test_outside_a_stage_a_checkpoint_goes_at_once(workdir):
    checkpoint = Checkpoint("one", {}, [])
    checkpoint.save()
    checkpoint.remove()
    assert not checkpoint.path.exists()
    assert command._when_done is None
