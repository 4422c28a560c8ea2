"""A stage ends with the dvc that started it, whichever shell stands between; a stage started by hand goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.core import watchdog
from tests.conftest import REPOSITORY

# What `import stages` reads.
CORE = (
    *("__init__", "command", "environment", "errors", "imports", "inputs"),
    *("notices", "snapshot", "watchdog", "yaml_reader"),
)
BIN = Path(sys.executable).parent
SHELLS = [None, *(path for name in ("sh", "bash", "zsh", "fish") if (path := shutil.which(name)))]

# Writes on and on, has a child process, and is slow to import: `early` is written before it knows of any dvc.
STAGE = """
import pathlib, os, sys, time

pathlib.Path("early").write_text(str(os.getpid()))
time.sleep(float(os.environ.get("BEFORE", 0)))
import stages
import subprocess

def main():
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path("child").write_text(str(child.pid))
    while True:
        with open("written", "a") as file:
            file.write("x")
        time.sleep(0.01)

main()
"""


# Is garbage looked for, and are there objects that are passed over? While a stage is imported, and while it runs.
GARBAGE = """
import gc, stages

def told():
    return gc.isenabled(), gc.get_freeze_count() > 0

imported = told()
from stages.core.command import run
run(lambda *_: print(imported, told()))
"""


@pytest.fixture(scope="module")
def repository_of_one(tmp_path_factory) -> Path:
    """A repository with one stage, which never ends by itself."""
    folder = tmp_path_factory.mktemp("one stage")
    for name in ("stages/__init__.py", *(f"stages/core/{file}.py" for file in CORE)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, folder / name)
    (folder / "endless.py").write_text(STAGE, encoding="utf-8")
    stage = "stages:\n  endless:\n    cmd: python endless.py\n    outs: [made]\n"
    (folder / "dvc.yaml").write_text(stage, encoding="utf-8")
    subprocess.run([BIN / "dvc", "init", "--quiet", "--no-scm"], cwd=folder, check=True)
    return folder


@pytest.fixture
def scratch(repository_of_one) -> Iterator[Path]:
    # The last is of a dvc killed before: in a container without an init, it is a zombie, and busy for ever.
    for name in ("early", "child", "written", ".dvc/tmp/rwlock"):
        (repository_of_one / name).unlink(missing_ok=True)
    yield repository_of_one
    for name in ("early", "child"):  # where a test fails
        if (repository_of_one / name).exists() and alive(pid := number_in(repository_of_one / name)):
            os.kill(pid, signal.SIGKILL)


def environment(shell: str | None = None, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("SHELL", "DVC_STAGE")}
    return clean | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | ({"SHELL": shell} if shell else {}) | more


def start(scratch: Path, *command: str, **options) -> subprocess.Popen:
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "env": environment()} | options
    # A group of its own, as an interactive shell gives each command, and Ctrl-C not ignored, as scripts have it.
    restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    return subprocess.Popen(command, cwd=scratch, start_new_session=True, preexec_fn=restore, **options)


def wait_for(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def number_in(path: Path) -> int:
    assert wait_for(lambda: path.exists() and path.read_text(encoding="utf-8")), path
    return int(path.read_text(encoding="utf-8"))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(("shell", "number"), [*((shell, signal.SIGKILL) for shell in SHELLS), (None, signal.SIGTERM)])
def test_a_stage_and_its_child_end_with_dvc(scratch, shell, number):
    dvc = start(scratch, "dvc", "repro", env=environment(shell))
    stage, child = number_in(scratch / "early"), number_in(scratch / "child")
    assert wait_for(lambda: (scratch / "written").exists())
    assert alive(stage)
    dvc.send_signal(number)
    dvc.wait()
    assert wait_for(lambda: not alive(stage) and not alive(child), seconds=10)
    assert "was killed" not in dvc.stderr.read()


@pytest.mark.parametrize("shell", SHELLS[:2])
def test_a_killed_stage_says_so_and_how_to_get_the_results_back(scratch, shell):
    dvc = start(scratch, "dvc", "repro", env=environment(shell))
    stage = number_in(scratch / "early")
    assert wait_for(lambda: (scratch / "written").exists())
    os.kill(stage, signal.SIGKILL)
    child = number_in(scratch / "child")
    os.kill(child, signal.SIGKILL)  # `sleep`, which keeps standard error open
    told = dvc.communicate(timeout=60)[1]
    assert dvc.returncode != 0
    assert watchdog.KILLED in told
    assert "failed to reproduce 'endless'" in told


@pytest.mark.parametrize("ending", ["", "sys.exit('a reason')", "raise KeyError", "os._exit(3)", "os.abort()"])
def test_only_a_stage_that_is_killed_is_reported_so(ending):
    code = f"import os, sys; from stages.core import watchdog; watchdog.start(); {ending}"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False
    )
    assert (watchdog.KILLED in result.stderr) == (ending in ("os._exit(3)", "os.abort()"))


@pytest.mark.parametrize("shell", SHELLS[:3])
def test_a_stage_whose_dvc_has_gone_before_it_looked_writes_nothing(scratch, shell):
    dvc = start(scratch, "dvc", "repro", env=environment(shell, BEFORE="1"))
    stage = number_in(scratch / "early")
    dvc.kill()
    dvc.wait()
    assert alive(stage)
    assert wait_for(lambda: not alive(stage), seconds=20)
    assert not (scratch / "written").exists()


@pytest.mark.parametrize("command", ["dvc repro", "python endless.py"])
def test_what_goes_on_behind_a_shell_that_ends_is_not_stopped(scratch, command):
    shell = start(scratch, "sh", "-c", f"nohup {command} >/dev/null 2>&1 & sleep 5")
    stage = number_in(scratch / "early")
    assert wait_for(lambda: (scratch / "written").exists())
    shell.kill()
    shell.wait()
    time.sleep(1)
    size = (scratch / "written").stat().st_size
    try:
        assert alive(stage)
        assert wait_for(lambda: (scratch / "written").stat().st_size > size)
    finally:
        os.killpg(shell.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("argument", "expected"), [("stages.task.stage", (False, False, True, True)), ("other", (True, False, True, False))]
)
def test_python_looks_for_no_garbage_while_a_stage_is_imported(argument, expected):
    command = [sys.executable, "-c", GARBAGE, argument]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert result.stdout == f"{expected[:2]} {expected[2:]}\n"


@pytest.mark.parametrize("shell", SHELLS[:1])
def test_ctrl_c_is_told_in_a_line(scratch, shell):
    dvc = start(scratch, "dvc", "repro", env=environment(shell))
    stage = number_in(scratch / "early")
    assert wait_for(lambda: (scratch / "written").exists())
    os.killpg(dvc.pid, signal.SIGINT)
    told = dvc.communicate()[1]
    assert dvc.returncode != 0
    assert not alive(stage)
    assert "interrupted; the next `dvc repro` continues here" in told
    assert "failed to reproduce 'endless'" in told
    assert "Traceback" not in told
    assert "was killed" not in told


def test_a_second_repro_at_the_same_time_ends_at_once_and_names_the_first(scratch):
    first = start(scratch, "dvc", "repro")
    number_in(scratch / "early")
    second = start(scratch, "dvc", "repro")
    told = second.communicate(timeout=60)[1]
    assert second.returncode != 0
    assert "made' is busy" in told
    assert f"(PID {first.pid})" in told
    assert first.poll() is None
    first.terminate()
    first.wait()
