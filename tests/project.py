"""A project with DVC in a folder of its own, and what is typed in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from dvc.utils.serialize import modify_yaml

from tests.conftest import REPOSITORY

OUTPUTS = ("data", "models", "metrics", "plots", "report")


class Project:
    """A folder, and commands run in it, with the programs of the environment of `python`."""

    errors = subprocess.STDOUT  # where a started command writes them

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = python

    def copy(self, folder: Path) -> "Project":
        """The same project, DVC's cache and all, in an empty folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        return type(self)(folder, self.python)

    @property
    def marks(self) -> Path:
        """Where the small stages of some tests leave a file when they begin."""
        return self.folder.parent / "marks"

    def environment(self, **variables: str) -> dict[str, str]:
        """Of this process, without what `make test` tells its own parts."""
        path = f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        return {**kept, "PATH": path, "MARKS": str(self.marks), **variables}

    def type(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess:
        options = {"capture_output": True, "text": True, "check": False, "timeout": 1800}
        return subprocess.run(command, cwd=self.folder, env=self.environment(**variables), **options)

    def succeed(self, *command: str | Path, **variables: str) -> str:
        result = self.type(*command, **variables)
        assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
        return result.stdout + result.stderr

    def start(self, *command: str | Path, **variables: str) -> subprocess.Popen:
        """As an interactive shell does: in a process group of its own, with Ctrl-C not ignored."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def init(self) -> None:
        """Make it a repository of Git and DVC, and commit what is there."""
        self.succeed("git", "init", "--quiet")
        self.succeed("git", "config", "user.name", "Student")
        self.succeed("git", "config", "user.email", "student@example.com")
        if not (self.folder / ".dvc").exists():
            self.succeed("dvc", "init", "--quiet")
        self.commit("As it is")

    def commit(self, message: str) -> None:
        self.succeed("git", "add", "--all")
        self.succeed("git", "commit", "--quiet", "--message", message)

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def set_params(self, values: dict) -> None:
        # As DVC writes it, so that an experiment changes its own line and no other.
        with modify_yaml(self.folder / "params.yaml") as content:
            for key, value in values.items():
                *parents, last = key.split(".")
                section = content
                for parent in parents:
                    section = section[parent]
                if isinstance(value, dict):
                    section[last].update(value)
                else:
                    section[last] = value

    def outputs(self) -> dict[str, bytes]:
        paths = [path for folder in OUTPUTS for path in (self.folder / folder).rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def little(folder: Path, pipeline: str, **modules: str) -> Project:
    """A project in an empty folder: shared code of the stages, params.yaml, a dvc.yaml and modules of stages/."""
    code = [path for name in ("stages", "stages/core", "stages/training") for path in (REPOSITORY / name).glob("*.py")]
    for path in (*code, REPOSITORY / "params.yaml", REPOSITORY / ".dvcignore"):
        (folder / path.relative_to(REPOSITORY)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.relative_to(REPOSITORY))
    project = Project(folder)
    project.write("dvc.yaml", pipeline)
    for name, code in modules.items():
        project.write(f"stages/{name}.py", code)
    project.init()
    return project


def differing(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Names of the outputs that are not the same in both."""
    return sorted(name for name in expected | found if expected.get(name) != found.get(name))


def stages_run(output: str) -> set[str]:
    """The stages whose command ran."""
    return set(re.findall(r"Running stage '([^']+)'", output))


def wait_for(condition: Callable[[], object], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def left_running(folder: Path) -> list[str]:
    """Command lines of other processes that work in a folder or below."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder) and alive(process.pid):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found
