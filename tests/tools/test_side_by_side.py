"""`make repro` with the tasks side by side gives what `dvc repro` gives; the stages here write a line each."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from tests.conftest import REPOSITORY

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


class Project:
    """The stages of dvc.yaml by name and by what they read and write, without their code."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marks = folder, folder.parent / "marks"
        self.marks.mkdir()

    def build(self) -> None:
        for name in ("Makefile", "params.yaml", "stages/__init__.py", "stages/params.py"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, self.folder / name)
        for name in ("stages/core", "tools"):
            shutil.copytree(REPOSITORY / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "step.py").write_text(STEP, encoding="utf-8")
        (self.folder / "tools/compare.py").write_text("print('compared')", encoding="utf-8")
        pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
        stages, made = {}, []
        for name, stage in pipeline.items():
            outs = [path for kind in ("outs", "metrics", "plots") for path in paths(stage.get(kind, []))]
            deps = [path for path in stage["deps"] if path in made]
            command = f'exec python step.py {name} "{" ".join(outs)}" "{" ".join(deps)}"'
            stages[name] = {"cmd": command, "deps": ["step.py", *deps], "outs": outs}
            made += outs
        (self.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False), encoding="utf-8")
        self.run("dvc", "init", "--no-scm", "--quiet")

    def start(self, *command: str) -> subprocess.Popen:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path, "MARKS": str(self.marks)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def run(self, *command: str) -> tuple[int, str]:
        process = self.start(*command)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def repro(self, jobs: int = 3) -> tuple[int, str]:
        return self.run(*REPRO, f"JOBS={jobs}")

    def log(self) -> list[str]:
        path = self.marks / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def wait_for_trainings(self, number: int, process: subprocess.Popen) -> None:
        wait_for(lambda: process.poll() is not None or sum(name.startswith("train") for name in self.log()) >= number)
        assert process.poll() is None, process.communicate()

    def made(self) -> dict[str, bytes]:
        folders = ("data", "models", "metrics", "plots", "report")
        found = [path for folder in folders for path in (self.folder / folder).rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in (self.folder / "dvc.lock", *found)
            if path.name != ".gitignore"
        }

    def clear(self) -> None:
        """Remove what was made, and what DVC knows of it."""
        for name in ("data", "models", "metrics", "plots", "report", ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "dvc.lock").unlink()


REPRO = ("make", "--assume-old=setup", "repro")


def wait_for(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture(scope="module")
def sequential(tmp_path_factory) -> Project:
    """The project after `dvc repro` alone, to be copied, not to be changed."""
    project = Project(tmp_path_factory.mktemp("chains") / "project")
    project.build()
    code, output = project.run("dvc", "repro")
    assert code == 0, output
    return project


@pytest.fixture
def project(sequential, tmp_path) -> Project:
    """The same, without a mark, with nothing made."""
    shutil.copytree(sequential.folder, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    project.clear()
    return project


def test_the_bytes_and_dvc_lock_are_those_of_dvc_repro(project, sequential):
    code, output = project.repro()
    assert code == 0, output
    assert project.made() == sequential.made()
    assert sorted(project.log()) == sorted(sequential.log())  # each stage once
    assert "textgen | Running stage 'train-textgen':\n" in output
    assert output.endswith("compared\n")
    code, output = project.repro()
    assert (code, len(project.log())) == (0, len(sequential.log()))
    assert "Data and pipelines are up to date." in output


def test_after_a_failure_what_runs_goes_on_and_one_job_is_dvc_repro(project, sequential):
    (project.marks / "train-textgen").touch()
    code, output = project.repro()
    assert code != 0
    assert "textgen | out of luck" in output
    assert "[Makefile:" in output.splitlines()[-1]
    assert "evaluate-denoiser" in project.log()
    assert "report" not in project.log()
    (project.marks / "train-textgen").unlink()
    code, output = project.repro(jobs=1)
    assert code == 0, output
    assert "Running stage 'train-textgen':\n" in output
    assert " | " not in output
    assert project.made() == sequential.made()


def test_what_ends_make_ends_all_and_the_next_run_heals(project, sequential):
    (project.marks / "wait").touch()
    for strike, number in ((os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM), (os.killpg, signal.SIGKILL)):
        before = sum(name.startswith("train") for name in project.log())
        process = project.start(*REPRO, "JOBS=3")
        project.wait_for_trainings(before + 2, process)
        strike(process.pid, number)
        process.communicate(timeout=60)
        assert process.returncode != 0
        wait_for(lambda: left_running(project.folder) == [], 20)
    (project.marks / "wait").unlink()
    code, output = project.repro()
    assert code == 0, output
    assert project.made() == sequential.made()


def test_it_ends_when_nobody_reads_on(project):
    (project.marks / "wait").touch()
    process = project.start("sh", "-c", f"{' '.join(REPRO)} JOBS=3 | sed '/ | /q'")
    process.communicate(timeout=120)
    wait_for(lambda: left_running(project.folder) == [], 60)
