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

from tests.conftest import REPOSITORY

pytest.importorskip("gradio")
demo = pytest.importorskip("reprise.demo.server")


@pytest.fixture(scope="module")
def page(folder):
    return demo.Page(folder)


def test_a_port_is_one_servers_which_ends_at_ctrl_c(tmp_path):
    with contextlib.closing(socket.socket()) as listening:
        listening.bind((demo.HOST, 0))
        port = listening.getsockname()[1]
    command = [sys.executable, "-m", "reprise", "demo", "--port", str(port)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == f"http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        taken = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        assert taken.returncode == 1
        assert taken.stderr.endswith(f"reprise demo: port {port} is taken; --port names another\n")
        # A browser that goes away while it is answered breaks a pipe, which ends the other commands.
        ignored = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8"))[1]
        assert int(ignored, 16) >> (signal.SIGPIPE - 1) & 1
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=60) as answer:
            assert answer.status == 200
        assert list(tmp_path.glob("reprise-demo-*"))
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
        assert not list(tmp_path.glob("reprise-demo-*"))
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


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


def request(port: int, method: str = "GET", **headers: str) -> int:
    """Status of a request to the page with these headers."""
    connection = http.client.HTTPConnection(demo.HOST, port, timeout=30)
    connection.request(method, "/", headers=headers)
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


def test_another_sites_page_may_send_nothing(port):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{port}"):
        assert request(port, "POST", Origin=origin) == 403
    for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}"):
        assert request(port, "POST", Origin=origin) != 403
    assert request(port, "POST") != 403
