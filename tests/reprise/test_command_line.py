"""The command line as a process: options, streams that are closed or full, exit statuses."""

import subprocess
import sys
import tomllib

import pytest

from tests.conftest import REPOSITORY

# A command that needs no model: what is tested is where its output goes.
QUICK = "from reprise import __main__ as line; line._import_keras = lambda: None; import types; "
QUICK += "sys.modules['reprise.text'] = types.SimpleNamespace(main=lambda _: print('x' * 10)); "
QUICK = f"import sys; {QUICK} sys.argv = ['reprise', 'generate']; line.main()"


def typed(code: str, redirection: str) -> subprocess.CompletedProcess:
    command = ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, code]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("redirection", "status", "out", "err"),
    [
        ("", 0, "xxxxxxxxxx\n", ""),
        (">&-", 1, "", "reprise: standard output is closed\n"),
        ("> /dev/full", 1, "", "reprise: cannot write standard output: No space left on device\n"),
        ("| (exec <&-; sleep 1)", 0, "", ""),
        ("2>&-", 0, "xxxxxxxxxx\n", ""),
        ("<&-", 0, "xxxxxxxxxx\n", ""),
    ],
)
def test_any_standard_stream(redirection, status, out, err):
    ended = typed(QUICK, redirection)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, out, err)


def reprise(*arguments: str) -> subprocess.CompletedProcess:
    code = "import sys; from reprise.__main__ import main\ntry: main()\nfinally: assert 'numpy' not in sys.modules"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--length", "0"], "--length: 0 is not between 1 and 1000000"),
        (["generate", "\x1b[2Jred\nreprise: all is well"], "unrecognized arguments: \\x1b[2Jred\\nreprise"),
        (["reconstruct", "out.png"], "give either a picture or --test N"),
        (["sentiment", "good", "--csv", "a.csv"], "give either reviews or --csv"),
        (["export", "textgen"], "required: --onnx"),
        (["evaluate", "textgen"], "required: --data"),
        (["evaluate", "poems", "--data", "x"], "invalid choice: 'poems'"),
        (["evaluate", "autoencoder", "--data", "x", "--noise-std", "1"], "--noise-std is for the denoiser"),
        (["evaluate", "denoiser", "--data", "x", "--noise-std", "nan"], "nan is not between"),
        (["evaluate", "textgen", "--data", "x", "--limit", "0"], "--limit: 0 is not between"),
    ],
)
def test_a_mistake_is_a_usage_error_and_needs_no_tensorflow(arguments, message):
    ended = reprise(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: reprise")
    assert message in ended.stderr
    assert "\x1b" not in ended.stderr


def test_help_and_version_come_at_once():
    assert "reconstruct" in reprise().stdout
    assert "data.digits" in reprise("evaluate", "--help").stdout
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert reprise("--version").stdout == f"reprise {version}\n"
