"""Tasks side by side give what `dvc repro` alone gives; the stages here sleep, since what is tested is DVC's part."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from stages.core import yaml_reader
from tests.conftest import REPOSITORY
from tests.sweeps.conftest import left_running, wait_for
from tools import chains

# Every stage writes what it reads, behind its own name, and what trains writes `latent` too. It leaves a mark when it
# begins and when it ends, waits while there is a file `wait`, and fails where `latent` is 13 and it trains the text
# model.
STEP = """
import os, sys, time
from pathlib import Path

from stages.core import yaml_reader  # not `run` of stages.core.command, which takes four times as long to import

name, marks = sys.argv[1], Path(os.environ["MARKS"])
latent = yaml_reader.read("params.yaml")["latent"] if name.startswith("train") else ""
with open(marks / "log", "a") as log:
    log.write(f"{name} begins\\n")
if name == "train-textgen" and latent == 13:
    sys.exit("latent 13 is out of luck")
time.sleep(0.1)
while (marks / "wait").exists() and name.startswith("train"):
    time.sleep(0.05)
read = "".join(Path(path).read_text() for path in sys.argv[2:])
Path("made").mkdir(exist_ok=True)
Path(f"made/{name}").write_text(f"{name} {latent} <{read}>")
with open(marks / "log", "a") as log:
    log.write(f"{name} ends\\n")
"""
# Stage → what it depends on; the shape of the real pipeline.
SHAPE = {
    "check": ("check", []),
    "download-digits": ("datasets", ["check"]),
    "download-text": ("datasets", ["check"]),
    "preprocess-autoencoder": ("autoencoder", ["download-digits"]),
    "train-autoencoder": ("autoencoder", ["preprocess-autoencoder"]),
    "preprocess-denoiser": ("denoiser", ["download-digits"]),
    "train-denoiser": ("denoiser", ["preprocess-denoiser"]),
    "evaluate-denoiser": ("denoiser", ["train-denoiser", "train-autoencoder"]),
    "preprocess-textgen": ("textgen", ["download-text"]),
    "train-textgen": ("textgen", ["preprocess-textgen"]),
    "report": ("report", ["evaluate-denoiser", "train-textgen"]),
}


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder, self.marks = folder, folder.parent / "marks"
        self.marks.mkdir()

    def build(self) -> None:
        tools = (f"tools/{name}.py" for name in ("__init__", "chains", "repair"))
        for name in ("stages/__init__.py", "stages/params.py", "params.yaml", *tools):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, self.folder / name)
        shutil.copytree(REPOSITORY / "stages/core", self.folder / "stages/core", ignore=lambda *_: ["__pycache__"])
        for module in {module for module, _ in SHAPE.values()}:
            (self.folder / f"stages/{module}").mkdir()
            (self.folder / f"stages/{module}/step.py").write_text(STEP, encoding="utf-8")
        text = "stages:\n"
        for name, (module, needs) in SHAPE.items():
            made = [f"made/{need}" for need in needs]
            params = "  params: [latent]\n" if name.startswith("train") else ""
            text += textwrap.indent(
                f"{name}:\n  cmd: python -m stages.{module}.step {' '.join([name, *made])}\n"
                f"  deps: [stages/{module}/step.py, {', '.join(made)}]\n{params}  outs: [made/{name}]\n",
                "  ",
            )
        (self.folder / "dvc.yaml").write_text(text, encoding="utf-8")
        self.run("dvc", "init", "--no-scm", "--quiet")

    def copy(self, folder: Path) -> "Project":
        """The same, without a mark."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

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

    def chains(self, jobs: int = 3) -> tuple[int, str]:
        return self.run("python", "-m", "tools.chains", "--jobs", str(jobs))

    def log(self) -> list[str]:
        path = self.marks / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def trainings(self) -> int:
        """How many trainings have begun."""
        return sum(line.startswith("train") and line.endswith("begins") for line in self.log())

    def made(self) -> dict[str, str]:
        paths = [self.folder / "dvc.lock", *sorted((self.folder / "made").iterdir())]
        return {path.name: path.read_text(encoding="utf-8") for path in paths if path.name != ".gitignore"}

    def set_latent(self, value: int) -> None:
        path = self.folder / "params.yaml"
        text = path.read_text(encoding="utf-8")
        old = next(line for line in text.splitlines() if line.startswith("latent:"))
        path.write_text(text.replace(old, f"latent: {value}"), encoding="utf-8")

    def clear(self) -> None:
        """Remove what was made, and what DVC knows of it but for dvc.lock."""
        for name in ("made", ".dvc/cache", ".dvc/tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


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
    """A copy of the sequential one."""
    return sequential.copy(tmp_path / "project")


def test_the_plan_holds_every_stage_once_behind_what_it_needs():
    pipeline = yaml_reader.read(REPOSITORY / "dvc.yaml")["stages"]
    before, parts = chains.plan(pipeline)
    assert {part.task for part in parts} == set(chains.LONGEST_FIRST)
    planned = [*before, *(name for part in parts for name in part.stages), "report"]
    assert sorted(planned) == sorted(pipeline)
    maker = {chains._path(out): name for name, stage in pipeline.items() for out in chains._outputs(stage)}
    for part in parts:
        sure = {*before, *(name for other in parts if other.task in part.after for name in other.stages)}
        sure |= {name for other in parts[: parts.index(part)] if other.task == part.task for name in other.stages}
        for name in part.stages:
            assert {maker[dep] for dep in pipeline[name]["deps"] if dep in maker} <= sure, name
            sure.add(name)


@pytest.mark.parametrize(("memory", "jobs"), [(64, 4), (8, 4), (7, 3), (5, 2), (3, 1), (1, 1)])
def test_jobs_follow_the_memory(memory, jobs):
    assert chains.default_jobs(memory * 2**30) == jobs


def test_the_bytes_and_dvc_lock_are_those_of_dvc_repro(project, sequential):
    project.clear()
    (project.folder / "dvc.lock").unlink()
    code, output = project.chains()
    assert code == 0, output
    assert project.made() == sequential.made()
    log = project.log()
    assert sorted(log) == sorted(f"{name} {what}" for name in SHAPE for what in ("begins", "ends"))  # each once
    for task, stage in (("    textgen", "train-textgen"), ("autoencoder", "train-autoencoder")):
        assert f"{task} | Running stage '{stage}':\n" in output
    assert log.index("train-autoencoder ends") < log.index("evaluate-denoiser begins")
    before = len(log)
    code, output = project.chains()
    assert (code, len(project.log())) == (0, before)
    assert "Data and pipelines are up to date." in output


def test_after_a_failure_what_runs_goes_on_and_the_failed_task_is_named(project, sequential):
    project.set_latent(13)
    code, output = project.chains(jobs=2)
    assert code == 1
    assert "    textgen | latent 13 is out of luck" in output
    assert output.splitlines()[-1].startswith("error: failed: textgen; its lines above say why.")
    log = project.log()
    assert "train-autoencoder ends" in log  # it ran beside the failed one
    assert "report begins" not in log
    assert len(set(log)) == len(log)

    # One job is `dvc repro`. No result is found again by its inputs: what has changed runs again.
    shutil.rmtree(project.folder / ".dvc/cache/runs")
    project.set_latent(32)
    code, output = project.chains(jobs=1)
    assert code == 0, output
    assert "Running stage 'train-autoencoder':\n" in output
    assert " | " not in output
    assert project.made() == sequential.made()


def test_what_ends_it_ends_all_and_the_next_run_heals(project, sequential):
    project.clear()
    (project.marks / "wait").touch()
    for strike, number in ((os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM), (os.kill, signal.SIGKILL)):
        before = project.trainings()
        process = project.start("python", "-m", "tools.chains", "--jobs", "3")
        wait_for(lambda before=before: project.trainings() >= before + 2, seconds=120, process=process)
        strike(process.pid, number)
        assert process.wait(timeout=60) != 0
        wait_for(lambda: left_running(project.folder) == [], seconds=20)
        assert project.run("python", "-m", "tools.repair")[0] == 0  # as `make repro` begins
    (project.marks / "wait").unlink()
    code, output = project.chains()
    assert code == 0, output
    assert project.made() == sequential.made()
