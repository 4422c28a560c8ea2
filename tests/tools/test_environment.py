"""`make setup` with stand-in interpreters: an environment that is not whole is made again, any other is kept."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# `python -m venv` copies it, `python -m pip` notes its arguments; any other code is run by the tests' own Python.
INTERPRETER = """#!/bin/sh
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
"-m pip")
  echo "$@" >>"{folder}/pip"
  [ ! -e "{folder}/wait" ] || {{ echo $$ >"{folder}/waiting"; exec sleep 60; }}
  [ ! -e "{folder}/fail" ] || exit 1
  exit ;;
esac
[ "$1" != -E ] || shift
[ "$1" = -c ] || exit 2
exec "{python}" -c "import sys; {first}
$2"
"""
UV = """#!/bin/sh
echo "$@" >>"{folder}/uv"
[ "$1" != pip ] || exit $(cat "{folder}/status of uv")
for last; do :; done
mkdir -p "$last/bin" && cp "{folder}/python of uv" "$last/bin/python"
"""
COMMANDS = ("sh", "make", "mkdir", "touch", "cat", "rm", "cp", "chmod", "sleep", "test")


class Checkout:
    """What `make setup` needs, and a PATH with its commands and stand-ins alone."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside"
        self.folder = folder / "checkout"
        (self.outside / "bin").mkdir(parents=True)
        for name in COMMANDS:
            (self.outside / "bin" / name).symlink_to(shutil.which(name))
        for name in ("Makefile", "reprise/command.sh", "tools/by_path.py", "tools/environment.sh"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, self.folder / name)
        for name in ("", "-demo", "-dev", "-export", "-ray", "-bench"):
            (self.folder / f"requirements{name}.txt").touch()
        (self.folder / ".dvc").mkdir()

    def interpreter(self, name: str, version: tuple[int, int] = (3, 12), first: str = "pass") -> None:
        first = f"sys.version_info = ({version[0]}, {version[1]}, 0); {first}"
        self.program(f"bin/{name}", INTERPRETER.format(folder=self.outside, python=sys.executable, first=first))

    def uv(self, status: int) -> None:
        """A uv whose `pip install` ends with a status."""
        self.program("bin/uv", UV.format(folder=self.outside))
        (self.outside / "status of uv").write_text(f"{status}\n", encoding="utf-8")

    def program(self, name: str, text: str) -> None:
        (self.outside / name).write_text(text, encoding="utf-8")
        (self.outside / name).chmod(0o755)

    @property
    def options(self) -> dict:
        environment = {"PATH": str(self.outside / "bin"), "HOME": str(self.outside)}
        return {
            "cwd": self.folder,
            "env": environment,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }

    def make(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(["make", *words], check=False, timeout=60, **self.options)

    def set_up(self) -> str:
        """What a `make setup` that must succeed says as it removes an environment."""
        result = self.make("setup")
        assert result.returncode == 0, result.stderr
        return result.stderr

    def installed(self) -> int:
        """How often pip was called."""
        path = self.outside / "pip"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def start(self) -> subprocess.Popen:
        """`make setup`, waiting in pip."""
        (self.outside / "wait").touch()
        process = subprocess.Popen(["make", "setup"], start_new_session=True, **self.options)
        end = time.monotonic() + 30
        while not (self.outside / "waiting").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        return process


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    checkout = Checkout(tmp_path)
    checkout.interpreter("python3")
    return checkout


def test_what_is_whole_is_kept(checkout):
    assert checkout.set_up() == ""
    assert (checkout.folder / ".venv/bin/reprise").exists()
    assert checkout.set_up() == ""
    assert checkout.installed() == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_installation_is_made_again(checkout, number):
    process = checkout.start()
    os.killpg(process.pid, number)
    process.communicate(timeout=30)
    (checkout.outside / "wait").unlink()
    (checkout.folder / ".venv/half").touch()
    (checkout.folder / ".venv/installed").touch()  # as one that was there before a further lock was installed
    assert checkout.set_up() == "making .venv again: its installation was interrupted\n"
    assert not (checkout.folder / ".venv/half").exists()
    assert checkout.set_up() == ""


def test_pip_killed_alone_is_no_success(checkout):
    process = checkout.start()
    (checkout.outside / "wait").unlink()
    os.kill(int((checkout.outside / "waiting").read_text(encoding="utf-8")), signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert "interrupted" in checkout.set_up()


def test_an_installation_that_runs_is_left_alone(checkout):
    process = checkout.start()
    try:
        second = checkout.make("setup")
        assert second.returncode == 2
        assert ".venv is being set up by process" in second.stderr
        assert (checkout.folder / ".venv/bin/python").exists()
        assert process.poll() is None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_an_error_of_pip_loses_nothing(checkout):
    checkout.set_up()
    (checkout.outside / "fail").touch()
    assert checkout.make(".venv/installed-demo").returncode == 2
    (checkout.outside / "fail").unlink()
    assert checkout.set_up() == ""
    assert checkout.make(".venv/installed-demo").returncode == 0
    assert checkout.installed() == 3


def test_an_interpreter_that_has_gone_is_replaced(checkout):
    checkout.set_up()
    (checkout.folder / ".venv/bin/python").unlink()
    (checkout.folder / ".venv/bin/python").symlink_to("/no/such/python3.11")
    assert checkout.set_up() == "making .venv again: its Python has been removed or upgraded\n"
    assert checkout.installed() == 2


def test_a_moved_checkout_gets_a_new_environment(checkout):
    checkout.set_up()
    old, checkout.folder = checkout.folder, checkout.folder.with_name("moved here")
    old.rename(checkout.folder)
    told = checkout.set_up()
    assert told == f"making .venv again: it was made in {old}/.venv, and its commands name that folder\n"
    assert checkout.installed() == 2


def test_help_and_clean_look_at_nothing(checkout):
    checkout.set_up()
    (checkout.folder / ".venv/installing").touch()
    assert checkout.make("help").stderr == checkout.make("help").stderr == ""
    assert (checkout.folder / ".venv/installed").exists()


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"python3": (3, 11), "python3.13": (3, 13)}, "python3"),
        ({"python3": (3, 14), "python3.11": (3, 11), "python3.13": (3, 13)}, "python3.13"),
        ({"python3": (3, 10), "python3.11": (3, 11)}, "python3.11"),
        ({"python3": (3, 14)}, "uv"),
    ],
)
def test_the_interpreter(checkout, found, chosen):
    for name, version in found.items():
        checkout.interpreter(name, version)
    if chosen == "uv":
        checkout.interpreter("../python of uv", (3, 13))
        checkout.uv(0)
    checkout.set_up()
    made = (checkout.folder / ".venv/bin/python").read_bytes()
    assert made == (checkout.outside / "bin" / ("../python of uv" if chosen == "uv" else chosen)).read_bytes()


def test_no_interpreter_is_answered_with_the_ways_to_get_one(checkout):
    checkout.interpreter("python3", (3, 14))
    result = checkout.make("setup")
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert lines[0] == (
        "error: Reprise needs Python 3.11, 3.12 or 3.13, and python3 is Python 3.14; install one, then type make again:"
    )
    assert {line.split("  ")[1].strip() for line in lines[1:5]} == {"Debian, Ubuntu", "Fedora", "macOS", "any system"}
    assert not (checkout.folder / ".venv").exists()


def test_an_interpreter_without_ensurepip_names_debians_package(checkout):
    checkout.interpreter("python3", (3, 12), first="sys.modules['ensurepip'] = None")
    result = checkout.make("setup")
    assert result.returncode == 2
    assert "sudo apt install python3.12-venv" in result.stderr.splitlines()[0]


def test_an_interpreter_that_was_asked_for_is_used_or_refused(checkout):
    checkout.interpreter("other", (3, 14))
    assert (
        "error: Reprise needs Python 3.11, 3.12 or 3.13, and other is Python 3.14"
        in checkout.make("setup", "PYTHON=other").stderr
    )
    checkout.interpreter("other", (3, 11))
    assert checkout.make("setup", "PYTHON=other").returncode == 0
    assert (checkout.folder / ".venv/bin/python").read_bytes() == (checkout.outside / "bin/other").read_bytes()


@pytest.mark.parametrize(("status", "pip"), [(0, 0), (1, 1), (2, 1)])
def test_uv_installs_where_it_is_there_and_pip_where_it_fails(checkout, status, pip):
    checkout.uv(status)
    checkout.set_up()
    told = (checkout.outside / "uv").read_text(encoding="utf-8").splitlines()
    assert told == ["pip install --python .venv/bin/python --require-hashes --requirement requirements.txt"]
    assert checkout.installed() == pip
    assert (checkout.folder / ".venv/installed").exists()


def test_a_killed_uv_is_no_reason_for_pip(checkout):
    checkout.uv(137)
    assert checkout.make("setup").returncode == 2
    assert checkout.installed() == 0
