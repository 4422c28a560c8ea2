"""`make repro` with the tasks side by side gives what `dvc repro` gives; the stages here write a line each."""

import os
import re
import shutil
import signal

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.project import OUTPUTS, left_running, wait_for
from tests.project import Project as AnyProject

# A stage writes its name and what it reads into each of its outputs. It leaves a mark when it begins, waits while there
# is a file `wait`, and fails where there is a file with its name. As a stage does, it ends with its dvc.
STEP = """
import ctypes, os, sys, time
from pathlib import Path

ctypes.CDLL(None).prctl(1, 9)
marks, name, outs, deps = Path(os.environ["MARKS"]), *(word.split() for word in sys.argv[1:])
with open(marks / "log", "a") as log:
    log.write(f"{name[0]}\\n")
print("begins")
if (marks / name[0]).exists():
    sys.exit("out of luck")
while (marks / "wait").exists() and name[0].startswith("train"):
    time.sleep(0.05)
    print("works")
for out in outs:
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(f"{out} of {name[0]} <{''.join(Path(dep).read_text() for dep in deps)}>")
"""


def paths(entries: list) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


class Project(AnyProject):
    """The stages of dvc.yaml by name and by what they read and write, without their code."""

    def build(self) -> None:
        for name in ("Makefile", "params.yaml", "stages/__init__.py", "stages/params.py"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, self.folder / name)
        for name in ("stages/core", "tools"):
            shutil.copytree(REPOSITORY / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.write("step.py", STEP)
        self.write("tools/compare.py", "print('compared')")
        pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        stages, made = {}, []
        for name, stage in pipeline.items():
            outs = [path for kind in ("outs", "metrics", "plots") for path in paths(stage.get(kind, []))]
            deps = [path for path in stage["deps"] if path in made]
            command = f'exec python step.py {name} "{" ".join(outs)}" "{" ".join(deps)}"'
            stages[name] = {"cmd": command, "deps": ["step.py", *deps], "outs": outs}
            made += outs
        self.write("dvc.yaml", yaml.safe_dump({"stages": stages}, sort_keys=False))
        self.succeed("dvc", "init", "--no-scm", "--quiet")

    def run(self, *command: str) -> tuple[int, str]:
        process = self.start(*command)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def repro(self) -> tuple[int, str]:
        return self.run(*REPRO)

    def log(self) -> list[str]:
        path = self.marks / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def trainings(self) -> int:
        return sum(name.startswith("train") for name in self.log())

    def made(self) -> dict[str, bytes]:
        found = {path: content for path, content in self.outputs().items() if not path.endswith(".gitignore")}
        return found | {"dvc.lock": (self.folder / "dvc.lock").read_bytes()}

    def clear(self) -> None:
        """Remove what was made, and what DVC knows of it."""
        for name in (*OUTPUTS, ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "dvc.lock").unlink()


REPRO = ("make", "--assume-old=setup", "repro", "JOBS=3")


@pytest.fixture(scope="module")
def sequential(tmp_path_factory) -> Project:
    """The project after `dvc repro` alone, to be copied, not to be changed."""
    project = Project(tmp_path_factory.mktemp("chains") / "project")
    project.folder.mkdir()
    project.marks.mkdir()
    project.build()
    code, output = project.run("dvc", "repro")
    assert code == 0, output
    return project


@pytest.fixture
def project(sequential, tmp_path) -> Project:
    """The same, without a mark, with nothing made."""
    project = sequential.copy(tmp_path / "project")
    project.marks.mkdir()
    project.clear()
    return project


def test_the_bytes_and_dvc_lock_are_those_of_dvc_repro(project, sequential):
    code, output = project.repro()
    assert code == 0, output
    assert project.made() == sequential.made()
    assert sorted(project.log()) == sorted(sequential.log())  # each stage once
    chained = re.findall(r"^(\w+) \| Running stage '(.*)':$", output, re.MULTILINE)
    assert {name for _, name in chained} == {
        name for name in sequential.log() if not name.startswith(("check", "download", "report"))
    }
    assert ("textgen", "train-textgen") in chained
    assert output.endswith("compared\n")
    code, output = project.repro()
    assert (code, len(project.log())) == (0, len(sequential.log()))
    assert "Data and pipelines are up to date." in output


def test_what_ends_make_ends_all_after_a_failure_the_rest_goes_on_and_the_next_run_heals(project, sequential):
    (project.marks / "wait").touch()
    for number in (signal.SIGINT, signal.SIGKILL):
        before = project.trainings()
        process = project.start(*REPRO)
        assert wait_for(lambda before=before: project.trainings() >= before + 2, 300)
        assert process.poll() is None
        os.killpg(process.pid, number)
        process.communicate(timeout=60)
        assert process.returncode != 0
        assert wait_for(lambda: left_running(project.folder) == [], 20)
    process = project.start("sh", "-c", f"{' '.join(REPRO)} | sed '/ | works/q'")  # nobody reads on
    process.communicate(timeout=300)
    assert wait_for(lambda: left_running(project.folder) == [])

    (project.marks / "wait").unlink()
    (project.marks / "train-textgen").touch()
    code, output = project.repro()
    assert code != 0
    assert "textgen | out of luck" in output
    assert "[Makefile:" in output.splitlines()[-1]
    assert "evaluate-denoiser" in project.log()
    assert "report" not in project.log()

    (project.marks / "train-textgen").unlink()
    code, output = project.repro()
    assert code == 0, output
    assert project.made() == sequential.made()
