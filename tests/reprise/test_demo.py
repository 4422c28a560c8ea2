"""What the page does and whom it answers, without a browser: tests/browser/test_demo.py uses it as a person would."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reprise.text import READ
from stages.core.errors import StageError
from tests.conftest import REPOSITORY
from tests.reprise.conftest import free_port

gr = pytest.importorskip("gradio")
demo = pytest.importorskip("reprise.demo")


@pytest.fixture
def page(repository_of):
    return demo.Page()


@pytest.fixture
def warnings(monkeypatch):
    """What the page says without an error."""
    said = []
    monkeypatch.setattr(gr, "Warning", said.append)
    return said


def drawing(ink: np.ndarray) -> dict:
    """What the canvas holds when this was drawn."""
    layer = np.zeros((*ink.shape, 4), np.uint8)
    layer[..., 3] = ink
    return {"background": None, "layers": [layer], "composite": layer}


def stroke() -> np.ndarray:
    ink = np.zeros((280, 280), np.uint8)
    ink[63:217, 118:161] = 255  # not squares of ten: those are what the page itself puts on the canvas
    return ink


def small(image: np.ndarray) -> np.ndarray:
    return image[:: demo.SHOWN, :: demo.SHOWN] / np.float32(255)


def test_a_drawing_goes_through_every_network(page):
    (seen, _), *copies = page.copies(drawing(stroke()))
    digit = small(seen)
    assert np.array_equal(digit.any(axis=1).nonzero()[0], np.arange(4, 24))  # 20 pixels high, as MNIST's
    assert [caption.split(":")[0] for _, caption in copies] == ["4 numbers", "8 numbers"]
    for (copy, _), autoencoder in zip(copies, page.autoencoders, strict=True):
        assert np.abs(small(copy) - autoencoder.reconstruct(digit[None])[0]).max() < 0.01
    for damage in demo.DAMAGES:
        (damaged, caption), *restored = page.restored(drawing(stroke()), damage, 0.5)
        assert re.fullmatch(r"damaged: \d+\.\d dB", caption)
        assert not np.array_equal(damaged, seen)
        assert len(restored) == 3


@pytest.mark.parametrize("empty", [None, {"layers": None}, {"layers": []}, drawing(np.zeros((280, 280), np.uint8))])
def test_an_empty_canvas_shows_nothing(page, empty):
    assert page.copies(empty) == page.restored(empty, "salt and pepper", 0.5) == []


def test_test_digits_and_pictures_are_put_on_the_canvas_as_they_are(page, tmp_path):
    held, about = page.test_digit(4)
    assert about == "Test digit 1 of 3: a 1."
    assert np.allclose(demo.digit_of(held)[0], page.digits["test"][1] / 255, atol=0.01)
    assert page.test_digit(None)[1].startswith("Test digit ")
    Image.fromarray(255 - stroke()).save(tmp_path / "paper.png")  # dark on light
    assert np.allclose(
        demo.digit_of(page.upload(str(tmp_path / "paper.png"))[0]), demo.digit_of(drawing(stroke())), atol=0.01
    )


@pytest.mark.parametrize(
    ("content", "message"), [(b"no picture", r"^a <b>.png is not a whole picture"), (None, "all of one grey")]
)
def test_a_bad_picture_is_one_line_without_a_folder_s_name(page, tmp_path, content, message):
    path = tmp_path / "a <b>.png"
    if content is None:
        Image.fromarray(np.full((9, 9), 7, np.uint8)).save(path)
    else:
        path.write_bytes(content)
    with pytest.raises(StageError, match=message) as error:
        page.upload(str(path))
    assert str(tmp_path) not in str(error.value)
    with pytest.raises(gr.Error, match="&lt;b&gt;" if content else "grey"):
        demo.told(page.upload)(str(path))


def test_a_text_grows_to_what_the_command_writes(page):
    *_, (text, used) = page.write("HaML:", 0.7, 50, "3")
    assert (text, used) == ("HaML:" + page.writer.write("HaML:", [0.7], length=50, seed=3)[0], "Seed 3")
    seeds = {list(page.write("HaML:", 0.7, 5, ""))[-1][1] for _ in range(3)}
    assert len(seeds) == 3


def test_length_time_and_prompt_of_a_text_are_bounded(page, warnings, monkeypatch):
    *_, (text, _) = page.write("<b>你 Ω a", 1.0, 10**9, "1")
    assert len(text) == len("<b>你 Ω a") + demo.LONGEST_TEXT
    *_, (text, _) = page.write("ab" * 500_000, 1.0, 7, "1")
    assert len(text) == READ + 7
    monkeypatch.setattr(demo, "SECONDS", 0)
    *_, (text, _) = page.write("a", 1.0, 500, "1")
    assert len(text) < 500
    assert warnings == [
        "Not in the vocabulary, read as unknown: &lt; &gt; Ω 你",
        "Of the prompt's 1,000,000 characters the last 1,000 are read.",
        "Stopped after 0 seconds.",
    ]


def test_a_review_is_judged_as_by_the_command(page):
    text = "a <i>good film & not very bad</i>"
    verdict, probabilities, pieces = page.judge(text, 0.01)
    probability = page.classifier.judge([text])[0].probability
    assert probabilities == {"positive": probability, "negative": 1 - probability}
    assert verdict.startswith("**positive**")
    assert page.judge(text, 0.99)[0].startswith("**negative**")
    assert "".join(piece for piece, _ in pieces) == text
    assert page.judge("", 0.5) == ("No word of it is in the vocabulary: write a review.", {}, [])
    with pytest.raises(StageError, match="20,000 are the most"):
        page.judge("good " * 5000, 0.5)


def request(port: int, method: str = "GET", path: str = "/", **headers: str) -> int:
    """Status of a request to the page with these headers."""
    connection = http.client.HTTPConnection(demo.HOST, port, timeout=30)
    connection.request(method, path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    """The page in a process of its own, on a port that is free."""
    port = free_port()
    command = [sys.executable, "-m", "reprise", "demo", "--port", str(port)]
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == f"http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        yield port, server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with served(tmp_path_factory.mktemp("page")) as (port, _):
        yield port


def test_only_this_machine_is_answered_by_name(port):
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
        assert request(port, Host=host) == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "169.254.169.254"):
        assert request(port, Host=host) == 400


def test_only_the_pages_own_origin_may_send(port):
    here = f"127.0.0.1:{port}"
    for origin in ("https://evil.example", "null", "", f"http://{here}.evil.example", f"https://{here}"):
        assert request(port, "POST", "/gradio_api/queue/join", Origin=origin, Host=here) == 403
    for host in (here, f"localhost:{port}", "localhost:8000"):  # the last as through a tunnel
        assert request(port, "POST", Origin=f"http://{host}", Host=host) != 403
    assert request(port, "POST") != 403  # a program
    for path in ("/gradio_api/process_recording", "/gradio_api/process_recording/"):
        assert request(port, "POST", path) == 404


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP])
def test_a_port_is_one_servers_which_ends_at_a_signal(tmp_path, ending):
    with served(tmp_path) as (port, server):
        with pytest.raises(StageError, match=rf"^port {port} is taken; --port names another$"):
            demo.check_port(port)
        assert request(port, path="/config") == 200
        server.send_signal(ending)
        assert server.wait(30) == 0
    demo.check_port(port)


def test_without_gradio_the_command_says_how_to_get_it():
    code = "import sys; sys.modules['gradio'] = None; from reprise.__main__ import main; main()"
    ended = subprocess.run([sys.executable, "-c", code, "demo"], cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.endswith("reprise demo: the page needs gradio: `make demo` installs it and starts the page\n")
