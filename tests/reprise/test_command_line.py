"""The command line as a process: mistakes, help, and how soon they are answered."""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


def reprise(*arguments: str) -> subprocess.CompletedProcess:
    code = "import sys; from reprise.__main__ import main\ntry: main()\nfinally: assert 'numpy' not in sys.modules"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["generate", "--length", "0"], "--length: 0 is not between 1 and 1000000"),
        (["reconstruct", "out.png"], "one of the arguments input --test is required"),
        (["sentiment", "good", "--csv", "a.csv"], "not allowed with"),
        (["evaluate", "poems", "--data", "x"], "invalid choice: 'poems'"),
    ],
)
def test_a_mistake_is_a_usage_error_and_needs_no_tensorflow(arguments, message):
    ended = reprise(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: reprise")
    assert message in ended.stderr


def test_help_comes_at_once():
    assert "reconstruct" in reprise("--help").stdout
    assert "data.digits" in reprise("evaluate", "--help").stdout
