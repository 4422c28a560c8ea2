"""How the page is served: whom it answers, and how it starts and ends."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from reprise.demo import ports
from stages.core.errors import StageError
from tests.conftest import REPOSITORY

pytest.importorskip("gradio")
demo = pytest.importorskip("reprise.demo.server")
scratch = pytest.importorskip("reprise.demo.scratch")


@pytest.fixture(scope="module")
def page(folder):
    return demo.Page(folder)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP])
def test_a_port_is_one_servers_which_ends_at_a_signal(tmp_path, ending):
    with contextlib.closing(socket.socket()) as listening:
        listening.bind((demo.HOST, 0))
        port = listening.getsockname()[1]
    command = [sys.executable, "-m", "reprise", "demo", "--port", str(port)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == f"http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        if ending == signal.SIGINT:
            taken = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
            assert taken.returncode == 1
            assert taken.stderr.endswith(f"reprise demo: port {port} is taken; --port names another\n")
        # A browser that goes away while it is answered breaks a pipe, which ends the other commands.
        ignored = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8"))[1]
        assert int(ignored, 16) >> (signal.SIGPIPE - 1) & 1
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=60) as answer:
            assert answer.status == 200
        assert list(tmp_path.glob("reprise-demo-*"))
        server.send_signal(ending)
        assert server.wait(30) == 0
        assert not list(tmp_path.glob("reprise-demo-*"))
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_a_taken_port_is_refused_and_a_port_just_left_is_not():
    with socket.create_server((demo.HOST, 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(StageError, match=rf"^port {port} is taken; --port names another$"):
            ports.check(port)
    ports.check(port)


def test_without_gradio_the_command_says_how_to_get_it():
    code = "import sys; sys.modules['gradio'] = None; from reprise.__main__ import main; main()"
    command = [sys.executable, "-c", code, "demo"]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.endswith("reprise demo: the page needs gradio: `make demo` installs it and starts the page\n")


def test_nothing_is_reported_home(page):
    built = demo.blocks(page)
    assert built.analytics_enabled is False
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert demo.HOST == "127.0.0.1"


def request(port: int, method: str = "GET", path: str = "/", **headers: str) -> int:
    """Status of a request to the page with these headers."""
    connection = http.client.HTTPConnection(demo.HOST, port, timeout=30)
    connection.request(method, path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture(scope="module")
def port(page):
    with socket.socket() as listening:
        listening.bind((demo.HOST, 0))
        free = listening.getsockname()[1]
    built = demo.launch(page, free)
    yield free
    built.close(verbose=False)


def test_only_this_machine_is_answered_by_name(port):
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
        assert request(port, Host=host) == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "169.254.169.254"):
        assert request(port, Host=host) == 400


def test_only_the_pages_own_origin_may_send(port):
    here = f"127.0.0.1:{port}"
    foreign = (
        "https://evil.example",
        "null",
        "",
        f"http://{here}.evil.example",
        "http://127.0.0.1:1",
        f"https://{here}",
    )
    for origin in foreign:
        assert request(port, "POST", Origin=origin, Host=here) == 403
    for host in (here, f"localhost:{port}", "localhost:8000"):  # the last as through a tunnel
        assert request(port, "POST", Origin=f"http://{host}", Host=host) != 403
    assert request(port, "POST") != 403  # a program


def test_the_recording_route_is_closed(port):
    for path in ("/gradio_api/process_recording", "/process_recording", "/gradio_api/process_recording/"):
        assert request(port, "POST", path) == 404


def folders(at: Path) -> list[Path]:
    return sorted(at.glob("reprise-demo-*"))


def test_a_folder_that_a_kill_left_is_removed_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = "import os; from reprise.demo import scratch; "
    code += "held = scratch.folder(); held.__enter__(); os.kill(os.getpid(), 9)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=False)
    (left,) = folders(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "reprise-demo-link").symlink_to(tmp_path / "mine")
    (tmp_path / "reprise-demo-file").write_text("a file", encoding="utf-8")
    with scratch.folder() as first:
        assert not left.exists()
        with scratch.folder() as second:
            assert {first, second} < set(folders(tmp_path))
        assert first.exists()
    assert [path.name for path in folders(tmp_path)] == ["reprise-demo-file", "reprise-demo-link"]
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_folder_goes_when_the_start_is_ended(tmp_path, name):
    """While gradio is being imported; a file called gradio does not stand in its way."""
    (tmp_path / "gradio").write_text("a file", encoding="utf-8")
    code = (
        "import argparse, os, signal, sys\n"
        "from reprise import demo\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'gradio':\n"
        "            assert os.path.isdir(os.environ['GRADIO_TEMP_DIR'])\n"
        f"            os.kill(os.getpid(), signal.{name})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "demo.main(argparse.Namespace(port=1))\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        **{"cwd": REPOSITORY, "env": environment, "capture_output": True, "text": True, "timeout": 300},
        # A shell's background ignores SIGINT, and `nohup` SIGHUP; the page respects both.
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_DFL),
    )
    assert (ended.returncode, ended.stderr) == (128 + getattr(signal, name), "")
    assert folders(tmp_path) == []
