"""What the page does and whom it answers, without a browser: tests/browser/test_demo.py uses it as a person would."""

import base64
import http.client
import io
import os
import re
import signal
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from PIL import Image

from reprise.text import READ
from stages.core import artifacts
from stages.core.errors import StageError
from tests.conftest import REPOSITORY
from tests.reprise.conftest import free_port

gr = pytest.importorskip("gradio")
demo = pytest.importorskip("reprise.demo")


@pytest.fixture
def page(repository_of):
    return demo.Page()


def stroke() -> np.ndarray:
    ink = np.zeros((280, 280), np.uint8)
    ink[63:217, 118:161] = 255
    return ink


def drawing(ink: np.ndarray) -> dict:
    """What the canvas holds when this was drawn."""
    layer = np.zeros((*ink.shape, 4), np.uint8)
    layer[..., 3] = ink
    return {"background": None, "layers": [layer], "composite": layer}


def pictures(html: str) -> dict[str, np.ndarray]:
    """The pictures of some HTML by their captions, values in [0, 1]."""
    found = re.findall('base64,(.*?)".*?<figcaption>(.*?)(?:<br>.*?)?</figcaption>', html)
    opened = {caption: Image.open(io.BytesIO(base64.b64decode(content))) for content, caption in found}
    return {caption: np.asarray(image) / np.float32(255) for caption, image in opened.items()}


def test_a_drawing_goes_through_every_network(page):
    digit, about = page.drawn(drawing(stroke()), "")
    assert about == demo.DRAWN
    assert np.array_equal(digit.any(axis=1).nonzero()[0], np.arange(4, 24))  # 20 pixels high, as MNIST's
    copies = pictures(page.copies(digit))
    assert list(copies) == ["28 × 28 pixels", "4 numbers", "8 numbers"]
    for autoencoder in page.autoencoders:
        copy = copies[f"{autoencoder.latent} numbers"]
        assert np.abs(copy - autoencoder.reconstruct(digit[None])[0]).max() < 0.01


def test_a_damaged_digit_is_restored_by_both_networks(page):
    digit, _ = page.test_digit(1)
    for kind, (_, _, strengths) in demo.DAMAGES.items():
        damaged, *restored = pictures(page.restored(digit, kind, strengths[-1])).items()
        assert damaged[0] == f"{kind} {strengths[-1]:g}"
        assert [name for name, _ in restored] == ["median filter", "dense network", "conv network"]
        for name, picture in restored[1:]:
            denoised = page.denoisers[name.split()[0]].denoise(damaged[1][None])
            assert np.abs(picture - denoised[0]).max() < 0.05


@pytest.mark.parametrize("empty", [None, {"layers": []}, drawing(np.zeros((280, 280), np.uint8))])
def test_an_empty_canvas_shows_nothing_unless_another_digit_is_shown(page, empty):
    digit, _ = page.drawn(empty, demo.DRAWN)
    assert page.copies(digit) == page.restored(digit, "noise", 0.5) == ""
    assert page.drawn(empty, "Test digit 1 of 3: a 1.") == gr.skip()


def test_test_digits_and_pictures(page, tmp_path):
    digit, name = page.test_digit(4)
    assert np.array_equal(np.rint(255 * digit), page.test_digits["test"][1])
    assert name == "Test digit 1 of 3: a 1."
    assert {page.random_number() for _ in range(50)} == {0, 1, 2}
    clear = np.zeros((280, 280, 4), np.uint8)
    clear[..., 3] = stroke()
    for pixels in (255 - stroke(), stroke(), clear):  # dark on light, light on dark, dark on nothing
        Image.fromarray(pixels).save(tmp_path / "picture.png")
        digit, _ = page.upload(str(tmp_path / "picture.png"))
        assert np.allclose(digit, page.drawn(drawing(stroke()), "")[0], atol=0.01)
    (tmp_path / "a <b>.png").write_bytes(b"no picture")
    with pytest.raises(gr.Error, match="&lt;b&gt;"):
        page.upload(str(tmp_path / "a <b>.png"))


def test_a_text_grows_to_what_the_command_writes_and_is_bounded(page, monkeypatch):
    *_, (text, seed) = page.write("HaML:", 0.7, 50, 3, False)
    assert (text, seed) == ("HaML:" + page.writer.write("HaML:", [0.7], length=50, seed=3)[0], 3)
    texts = dict(next(reversed(list(page.write("HaML:", 0.7, 50, 3, True))))[::-1] for _ in range(3))
    assert len(texts) == len(set(texts.values())) == 3
    for seed, text in texts.items():
        assert list(page.write("HaML:", 0.7, 50, seed, False))[-1] == (text, seed)
    said = []
    monkeypatch.setattr(gr, "Warning", said.append)
    monkeypatch.setattr(demo, "LONGEST_TEXT", 30)
    *_, (text, _) = page.write("<b>e\u0301" + "ab" * 500_000, 1.0, 10**9, None, False)
    assert len(text) == READ + 30
    assert said == ["Not in the vocabulary, read as unknown: &lt; &gt; é"]


def test_examples_are_of_the_data_that_the_models_were_trained_on(page, repository_of, monkeypatch):
    assert (page.prompts, page.reviews) == (list(demo.PROMPTS), demo.EXAMPLES)
    rows = [{"text": text, "actual": actual} for text, actual in (("good film", "negative"), ("bad", "positive"))]
    written = {
        "raw/text": {"source": "mein.txt"},
        "textgen/evaluation": {"test": "\nDer Fluss.\nEin Kind", "context": "Die Katze.\nEin "},
        "raw/reviews": {"source": "my/products.csv"},
        "sentiment/evaluation": {"examples": rows[:1], "mistakes": rows[1:]},
    }
    for name, content in written.items():
        artifacts.write_json(repository_of / f"data/{name}.json", content)
    monkeypatch.setitem(page.test_digits, "names", np.array(["circle", "cross", "<b>"]))
    own = demo.Page()
    found = (own.prompts, own.reviews)
    for name in written:
        (repository_of / f"data/{name}.json").unlink()
    assert found == (["Ein ", "Der Fluss."], {"good film": "negative", "bad": "positive"})
    assert "**Wrong**: it is negative." in own.judge("good film", 0.01)[0]
    assert "Wrong" not in own.judge("good film", 0.99)[0] + own.judge("bad film", 0.5)[0]
    assert page.test_digit(1)[1] == "Test image 1 of 3: cross."


def test_a_review_is_judged_as_by_the_command(page):
    text = "a <i>good film & not very bad</i>"
    verdict, pieces = page.judge(text, 0.01)
    assert verdict.startswith("## positive")
    assert f"{page.classifier.judge([text])[0].probability:.3f}" in verdict
    assert page.judge(text, 0.99)[0].startswith("## negative")
    assert unescape(re.sub("<sub>.*?</sub>|<[^>]*>", "", pieces)) == text
    assert page.judge("", 0.5) == ("No word of it is in the vocabulary: write a review.", "")
    with pytest.raises(gr.Error, match="20,000 are the most"):
        page.judge("good " * 5000, 0.5)


def request(port: int, method: str = "GET", path: str = "/", **headers: str) -> int:
    """Status of a request to the page with these headers."""
    connection = http.client.HTTPConnection(demo.HOST, port, timeout=30)
    connection.request(method, path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_this_machine_and_the_pages_own_origin_are_answered(command, tmp_path):
    port = free_port()
    started = [sys.executable, "-m", "reprise", "demo", "--port", str(port)]
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(started, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == f"http://127.0.0.1:{port} (Ctrl-C ends it)\n"
        here = f"127.0.0.1:{port}"
        for host in (here, f"localhost:{port}", "localhost"):
            assert request(port, Host=host) == request(port, path="/report/index.html", Host=host) == 200
            assert request(port, "POST", Origin=f"http://{host}", Host=host) != 403
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "169.254.169.254"):
            assert request(port, Host=host) == request(port, path="/report/index.html", Host=host) == 400
        for origin in ("https://evil.example", "null", "", f"http://{here}.evil.example", f"https://{here}"):
            assert request(port, "POST", "/gradio_api/queue/join", Origin=origin, Host=here) == 403
        assert request(port, "POST") != 403  # a program
        with pytest.raises(StageError, match=f"port {port} is taken; --port names another"):
            command("demo", "--port", str(port))
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.communicate()


def test_without_gradio_the_command_says_how_to_get_it(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "reprise.demo")
    with pytest.raises(StageError, match="the page needs gradio: `make demo` installs it and starts the page"):
        command("demo")
