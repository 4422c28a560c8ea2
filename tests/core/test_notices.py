"""Standard error while TensorFlow is imported: its two notices are left out, and nothing else."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import REPOSITORY

NOTICES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795727677.374907    5963 port.cc:153] oneDNN custom operations are on. You may see ...\n"
    "I0000 00:00:1795727677.375249    5963 cudart_stub.cc:31] Could not find cuda drivers on your machine, "
    "GPU will not be used.\n"
)
OTHERS = (
    "E0000 00:00:1795727677.374907    5963 port.cc:153] oneDNN custom operations are broken\n"
    "port.cc:153] oneDNN custom operations are on.\n\n\x1b[31mred\n"
    "I0000 00:00:1795727677.375249    5963 other.cc:31] Could not find cuda drivers on your machine\n"
    "no line feed at the end"
)


def run(code: str) -> subprocess.CompletedProcess:
    code = f"import os, signal, subprocess, sys\nfrom stages.core import notices\n{code}"
    return subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_tensorflow_is_imported_without_a_line():
    ended = run("import gc\ngc.disable()\nimport tensorflow")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_only_the_notices_are_left_out_and_the_order_stays():
    ended = run(
        f"with notices.filtered():\n    os.write(2, {(NOTICES + OTHERS + NOTICES)!r}.encode())\n"
        "os.write(2, b' and after\\n')"
    )
    last = NOTICES.split("\n", 1)  # the first of them continues the unfinished line, so it is none
    assert ended.stderr == OTHERS + last[0] + "\n and after\n"


@pytest.mark.parametrize("ending", ["os.abort()", "os.kill(os.getpid(), 9)", "os._exit(3)", "raise SystemExit(3)"])
def test_what_was_written_before_a_crash_is_not_lost(ending):
    ended = run(f"with notices.filtered():\n    os.write(2, b'the reason\\n{'x' * 100}')\n    {ending}")
    assert ended.stderr == "the reason\n" + "x" * 100
    assert ended.returncode != 0


def test_a_subprocess_that_outlives_the_import_is_heard():
    begun = time.monotonic()
    ended = run("with notices.filtered():\n    subprocess.Popen(['sh', '-c', 'sleep 2; echo late >&2'])\nprint('done')")
    assert (ended.stdout, ended.stderr) == ("done\n", "late\n")
    assert time.monotonic() - begun < 30


def test_ctrl_c_in_the_import_ends_as_without_a_filter():
    code = (
        "import os, time\nfrom stages.core import notices\nwith notices.filtered():\n"
        "    os.write(2, b'here\\n')\n    print('ready', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the filter gets it too
    _, errors = process.communicate(timeout=30)
    assert errors.startswith("here\n")
    assert "KeyboardInterrupt" in errors
    assert errors.count("Traceback") == 1
    assert process.returncode == -signal.SIGINT


def test_ctrl_c_while_the_filter_starts_has_one_traceback():
    ended = run(
        "fork = os.fork\n"
        "def interrupted():\n"
        "    child = fork()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"  # in both processes
        "    return child\n"
        "os.fork = interrupted\n"
        "with notices.filtered():\n    print('not reached')"
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGINT, "")
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith("KeyboardInterrupt\n")


def test_a_closed_standard_error_is_no_error():
    ended = run("os.close(2)\nwith notices.filtered():\n    print('here')")
    assert (ended.returncode, ended.stdout) == (0, "here\n")
