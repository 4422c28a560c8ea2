"""A stage as a command: it ends with the dvc that started it, and says in a line what went wrong."""

import os
import signal
import subprocess
import sys

import pytest

from stages.core import command
from tests.conftest import REPOSITORY
from tests.project import Project, alive, little, wait_for

STAGE = """
import os, pathlib, time
import stages

pathlib.Path("process").write_text(str(os.getpid()))
time.sleep(600)
"""
PIPELINE = "stages:\n  endless:\n    cmd: exec python endless.py\n    outs: [made]\n"


@pytest.fixture(scope="module")
def endless(tmp_path_factory) -> Project:
    """A project with one stage, which never ends by itself."""
    project = little(tmp_path_factory.mktemp("one stage"), PIPELINE)
    project.write("endless.py", STAGE)
    return project


@pytest.fixture
def project(endless) -> Project:
    # The last is of a dvc killed before: in a container without an init, it is a zombie, and busy for ever.
    for name in ("process", ".dvc/tmp/rwlock"):
        (endless.folder / name).unlink(missing_ok=True)
    return endless


def running(project: Project) -> int:
    """The number of the stage's process."""
    process = project.folder / "process"
    assert wait_for(lambda: process.exists() and process.read_text(encoding="utf-8"))
    return int(process.read_text(encoding="utf-8"))


def test_a_stage_ends_with_dvc(project):
    dvc = project.start("dvc", "repro")
    stage = running(project)
    assert alive(stage)
    dvc.kill()
    dvc.communicate()
    assert wait_for(lambda: not alive(stage), seconds=10)


def test_ctrl_c_is_told_in_a_line(project):
    dvc = project.start("dvc", "repro")
    stage = running(project)
    os.killpg(dvc.pid, signal.SIGINT)
    told = dvc.communicate()[0]
    assert dvc.returncode != 0
    assert not alive(stage)
    assert "interrupted; the next `dvc repro` continues here" in told
    assert "failed to reproduce 'endless'" in told
    assert "Traceback" not in told


def ran(body: str, **variables: str) -> subprocess.CompletedProcess:
    """A stage by hand, whose `main` is this line."""
    code = f"from stages.core.command import run\ndef main(params): {body}\nrun(main)"
    environment = os.environ | variables
    return subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        ("from stages.core.errors import StageError; raise StageError('digits: no')", "error: digits: no"),
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("raise type('ResourceExhaustedError', (Exception,), {})('OOM')", f"error: {command.NO_MEMORY}"),
    ],
)
def test_a_failing_stage_says_how_to_get_the_results_back(failure, line):
    result = ran(failure)
    *_, before, last = result.stderr.splitlines()
    assert result.returncode == 1
    assert before == line
    restore = "git checkout HEAD -- params.yaml dvc.lock metrics plots report && dvc checkout"
    assert last == f"to get the previous results back: {restore}"
    assert ("Traceback" in result.stderr) == ("KeyError" in failure)


def test_a_python_without_the_packages_is_told_in_a_line():
    command = [sys.executable, "-S", "-m", "stages.check"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"error: {sys.executable} has no ruamel; activate the environment: . .venv/bin/activate\n"


def test_an_arrow_fails_nowhere():
    assert ran("print('made → there')", PYTHONIOENCODING="latin-1").stdout == "made ? there\n"


def test_what_is_imported_by_a_stage_shows_its_errors_and_no_notices(tmp_path):
    """TensorFlow writes its notices, as anything native does, to descriptor 2; Python writes to sys.stderr."""
    stage = "import os\nos.write(2, b'a notice')\nimport no_such_module\n"
    project = little(tmp_path, PIPELINE.replace("endless.py", "-m stages.broken"), broken=stage)
    result = project.type("dvc", "repro")
    assert result.returncode != 0
    assert "No module named 'no_such_module'" in result.stderr
    assert "a notice" not in result.stderr
