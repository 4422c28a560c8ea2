"""`make setup` with stand-in interpreters: an environment that is not whole is made anew, any other is kept."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# `python -m venv` copies it, `python -m pip` notes its arguments; any other code is run by the tests' own Python.
INTERPRETER = """#!/bin/sh
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit ;;
"-m pip")
  echo "$3" >>"{folder}/pip"
  [ ! -e "{folder}/fail at $3" ] || exit 1
  exit ;;
esac
[ "$1 $2" = "-E -c" ] || exit 2
exec "{python}" -c "import sys; sys.version_info = {version}; {first}
$3"
"""
COMMANDS = ("sh", "make", "mkdir", "cat", "rm", "mv", "cp", "chmod", "test")


class Checkout:
    """What `make setup` needs, and a PATH with its commands and stand-ins alone."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside"
        self.folder = folder / "a checkout"
        (self.outside / "bin").mkdir(parents=True)
        for name in COMMANDS:
            (self.outside / "bin" / name).symlink_to(shutil.which(name))
        for name in ("Makefile", "reprise/command.sh"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, self.folder / name)
        for path in REPOSITORY.glob("requirements*.txt"):
            (self.folder / path.name).touch()
        (self.folder / ".dvc").mkdir()

    def interpreter(self, name: str, version: tuple[int, int] = (3, 12), first: str = "pass") -> None:
        text = INTERPRETER.format(folder=self.outside, python=sys.executable, version=version, first=first)
        self.program(name, text)

    def program(self, name: str, text: str) -> None:
        (self.outside / "bin" / name).write_text(text, encoding="utf-8")
        (self.outside / "bin" / name).chmod(0o755)

    def make(self, *words: str, **variables: str) -> tuple[int, str]:
        """Exit status and standard error."""
        environment = {"PATH": str(self.outside / "bin"), "HOME": str(self.outside), **variables}
        ended = subprocess.run(["make", *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        return ended.returncode, ended.stderr

    def installs(self) -> list[str]:
        """What pip was called for, since the last call."""
        path = self.outside / "pip"
        calls = path.read_text(encoding="utf-8").split() if path.exists() else []
        path.unlink(missing_ok=True)
        return calls


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    checkout = Checkout(tmp_path)
    checkout.interpreter("python3")
    return checkout


@pytest.fixture
def whole(checkout) -> Checkout:
    """A checkout with an environment."""
    assert checkout.make("setup") == (0, "")
    assert checkout.installs() == ["install"]
    return checkout


DEMO = ".venv/installed-demo"


def test_what_is_whole_is_kept_whatever_a_shell_exports(whole):
    assert whole.make("setup", CDPATH="/", PYTHONHOME="/", PIP_USER="/") == (0, "")
    assert whole.installs() == []
    assert (whole.folder / ".venv/bin/reprise").exists()


def test_what_cannot_be_fetched_costs_nothing_and_what_is_half_installed_is_made_anew(whole):
    (whole.outside / "fail at download").touch()
    assert whole.make(DEMO)[0] == 2
    assert whole.make("setup") == (0, "")
    (whole.outside / "fail at download").unlink()
    (whole.outside / "fail at install").touch()  # such as a full disk
    assert whole.make(DEMO)[0] == 2
    (whole.outside / "fail at install").unlink()
    assert whole.installs() == ["download", "download", "install"]
    assert whole.make(DEMO) == (0, "")
    assert whole.installs() == ["install", "download", "install"]
    assert whole.make("setup", DEMO) == (0, "")
    assert whole.installs() == []


def test_an_environment_that_no_longer_works_is_made_anew(whole):
    whole.folder = whole.folder.rename(whole.folder.with_name("moved"))
    assert whole.make("setup") == (0, "")
    assert whole.installs() == ["install"]
    (whole.folder / ".venv/bin/python").unlink()
    assert whole.make("setup") == (0, "")
    assert whole.installs() == ["install"]


def test_the_newest_interpreter_that_fits_is_chosen(checkout):
    for name, version in {"python3": (3, 14), "python3.11": (3, 11), "python3.13": (3, 13)}.items():
        checkout.interpreter(name, version)
    assert checkout.make("setup") == (0, "")
    made = (checkout.folder / ".venv/bin/python").read_bytes()
    assert made == (checkout.outside / "bin/python3.13").read_bytes()


def test_where_no_interpreter_fits_uv_fetches_one(checkout):
    (checkout.outside / "bin/python3").rename(checkout.outside / "python")
    checkout.program("uv", f'#!/bin/sh\nmkdir -p .venv/bin && cp "{checkout.outside}/python" .venv/bin/python\n')
    assert checkout.make("setup") == (0, "")


@pytest.mark.parametrize(
    ("version", "first"),
    [((3, 14), "pass"), ((3, 12), "sys.modules['ensurepip'] = None")],  # Debian's Python without python3-venv
)
def test_an_interpreter_that_does_not_fit_is_refused_in_a_line(checkout, version, first):
    checkout.interpreter("python3", version, first)
    status, error = checkout.make("setup")
    assert status == 2
    assert error.startswith("error: Reprise needs Python 3.11, 3.12 or 3.13 with its module venv (Debian, Ubuntu: sudo")
    assert len(error.splitlines()) == 2  # the other is make's
    assert not (checkout.folder / ".venv").exists()
