"""The page as a person uses it, in headless Chromium: draw, slide, type, press, and read what appears."""

import base64
import contextlib
import io
import re
import shutil
import socket
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from stages.core import image_quality
from stages.denoiser.preprocess import add_noise
from tests.browser.conftest import CHROMIUM, OPTIONS
from tests.reprise.conftest import write_models

demo = pytest.importorskip("reprise.demo.server")
playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio")]
expect = playwright.expect

ARGUMENTS = [*OPTIONS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
HERE = ("127.0.0.1", "::1", "localhost")
contacted: list[str] = []  # by this process, which serves the page, while it does


def _watch(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in HERE:
        contacted.append(str(arguments[1]))
    elif event == "socket.getaddrinfo" and arguments[0] not in (*HERE, None, ""):
        contacted.append(str(arguments[0]))


sys.addaudithook(_watch)


def free_port() -> int:
    with contextlib.closing(socket.socket()) as listening:
        listening.bind((demo.HOST, 0))
        return listening.getsockname()[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple]:
    """The page's functions on small models, and where it is served."""
    folder = tmp_path_factory.mktemp("models of a run")
    write_models(folder)
    page = demo.Page(folder)
    contacted.clear()
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        built = demo.launch(page, port)
        yield page, f"http://{demo.HOST}:{port}/"
        built.close(verbose=False)
    assert contacted == []


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open an address as `width` pixels and a colour scheme show it; whatever the page loads must come from here."""
    asked, contexts = [], []

    def opened(address: str, *, width: int = 1100, scheme: str = "light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        page.goto(address)
        expect(page.locator("#canvas canvas").first).to_be_visible(timeout=20_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    here = ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
    assert [url for url in asked if not url.startswith(here)] == []


def tab(page, name: str) -> None:
    page.get_by_role("tab", name=name).first.click()
    page.wait_for_timeout(500)  # what is typed while a tab is being built is lost


def images(page, place: str) -> list[np.ndarray]:
    """The pictures shown in an element, as arrays in [0, 255]."""
    sources = [image.get_attribute("src") for image in page.locator(f"{place} img").all()]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))) for url in sources]


def draw(page, *points: tuple[float, float]) -> None:
    """A line through points of the canvas, in shares of its paper's width and height."""
    expect(page.locator("#canvas button[aria-label='Brush Size']")).to_be_visible()  # the brush has been taken
    box = page.locator("#canvas canvas").first.bounding_box()
    side = 0.8 * min(box["width"], box["height"])  # within the paper
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    places = [(left + side * x, top + side * y) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=10)
    page.mouse.up()


def clear(page) -> None:
    """Clear the canvas, again where the sample digit was still on its way to it."""
    brush, empty = page.locator("#canvas button[aria-label='Brush Size']"), page.get_by_text("its copies appear here")
    expect(brush).to_be_visible()
    for _ in range(10):
        page.get_by_label("Clear canvas").click()
        page.wait_for_timeout(1500)
        if empty.is_visible():
            break
    expect(empty).to_be_visible()
    expect(brush).to_be_visible()  # without the user's doing


def test_the_page_opens_with_a_digit_on_the_canvas_and_its_copies(visit, served):
    models, address = served
    page = visit(address)
    expect(page.locator("#copies figure")).to_have_count(1 + len(models.autoencoders))
    shown = Image.open(io.BytesIO(page.locator("#canvas canvas").first.screenshot())).convert("L")
    assert np.asarray(shown).min() < 60  # ink, on the page's white paper


def test_a_drawn_digit_comes_back_through_two_codes(visit, served):
    models, address = served
    page = visit(address)
    clear(page)
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(page.locator("#copies figure")).to_have_count(3)
    seen, *copies = images(page, "#copies")
    ink = np.argwhere(seen > 127)
    assert ink[:, 0].max() - ink[:, 0].min() in (18, 19)  # 20 pixels high, as MNIST's, the outermost grey
    first, last = ink[:, 0].min(), ink[:, 0].max()
    assert (seen[first + 1] > 127).sum() > 9 > (seen[last - 1] > 127).sum() > 0  # a 7: a bar above, a foot below
    for copy, autoencoder in zip(copies, models.autoencoders, strict=True):
        expected = autoencoder.reconstruct(seen[None] / np.float32(255))
        assert np.abs(copy / 255 - expected[0]).max() < 0.01
        psnr = image_quality.psnr(seen[None] / 255, expected)[0]
        shown = page.locator("#copies figure", has_text=f"through {autoencoder.latent} numbers")
        assert float(re.search(r"PSNR ([\d.]+)", shown.inner_text())[1]) == pytest.approx(psnr, abs=0.1)
        expect(shown.locator("rect")).to_have_count(autoencoder.latent)
    clear(page)


def test_a_picture_is_uploaded_and_a_torn_one_gets_a_message(visit, served):
    page = visit(served[1])
    clear(page)
    image = Image.new("L", (300, 200), 240)
    image.paste(10, (130, 40, 160, 170))
    content = io.BytesIO()
    image.save(content, "PNG")
    for name, buffer in (("torn.png", content.getvalue()[:200]), ("none.png", b""), ("digit.png", content.getvalue())):
        with page.expect_file_chooser() as chooser:
            page.locator("#upload").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": buffer})
        if name != "digit.png":
            expect(page.get_by_text(f"{name} is not a whole picture")).to_be_visible()
    expect(page.locator("#copies figure")).to_have_count(3)
    seen, *_ = images(page, "#copies")
    assert (seen > 127).sum(axis=0).nonzero()[0].tolist() == [12, 13, 14, 15, 16]


def test_the_noise_slider_changes_every_picture(visit, served):
    models, address = served
    page = visit(address)
    tab(page, "Denoiser")
    expect(page.locator("#denoised figure")).to_have_count(4)
    before = None
    for std, number in (("0.2", "1"), ("0.9", "1"), ("0.9", "2")):
        page.locator("#noise input[type=range]").fill(std)
        page.locator("#digit input[type=range]").fill(number)
        clean = models.digits[int(number)][None]
        noisy = add_noise(clean, float(std), np.random.default_rng([models.seed, int(number)]))
        cells = page.locator("#denoised figure")
        expect(cells.nth(1)).to_contain_text(f"PSNR {image_quality.psnr(clean, noisy)[0]:.2f} dB")
        expect(cells.nth(1)).to_contain_text(f"noise {float(std):.2f}")
        restored = models.denoiser.denoise(noisy)
        expect(cells.nth(3)).to_contain_text(f"PSNR {image_quality.psnr(clean, restored)[0]:.2f} dB")
        shown = images(page, "#denoised")
        assert np.abs(shown[1] / 255 - noisy[0]).max() < 0.01
        assert np.abs(shown[3] / 255 - restored[0]).max() < 0.01
        assert before is None or not np.array_equal(before, shown[2])
        before = shown[2]


def test_a_text_streams_in_and_can_be_stopped(visit, served):
    models, address = served
    page = visit(address)
    tab(page, "Text")
    text = page.locator("#text textarea")
    page.locator("#prompt textarea").fill("HaML:")
    page.locator("#temperature input[type=range]").fill("0.7")
    page.locator("#length input[type=range]").fill("100")
    page.locator("#seed input").fill("5")
    page.get_by_role("button", name="Write").click()
    expect(text).to_have_value("HaML:" + models.writer.write("HaML:", [0.7], length=100, seed=5)[0])

    page.locator("#length input[type=range]").fill("2000")
    page.locator("#seed input").fill("6")
    whole = "HaML:" + models.writer.write("HaML:", [0.7], length=2000, seed=6)[0]
    page.get_by_role("button", name="Write").click()
    shown = "document.querySelector('#text textarea').value"
    page.wait_for_function(f"whole => whole.startsWith({shown}) && {shown}.length > 20", arg=whole)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(1000)
    stopped = text.input_value()
    page.wait_for_timeout(1000)
    assert text.input_value() == stopped
    assert whole.startswith(stopped)
    assert 20 < len(stopped) < len(whole)


def test_a_beginning_in_another_alphabet_is_reported(visit, served):
    page = visit(served[1])
    tab(page, "Text")
    page.locator("#prompt textarea").fill("你好 a")
    page.get_by_role("button", name="Write").click()
    expect(page.get_by_text("Not in the vocabulary, read as unknown: 你 好")).to_be_visible()
    expect(page.locator("#text textarea")).to_have_value(re.compile("^你好 a.{600}$", re.S))


def test_a_review_is_judged_its_words_marked_and_the_threshold_moves(visit, served):
    models, address = served
    page = visit(address)
    tab(page, "Sentiment")
    review = "A <b>good</b> film, not very bad"
    page.locator("#review textarea").fill(review)
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#marked .review")).to_have_text(review)
    probability = models.classifier.judge([review])[0].probability
    expect(page.locator("#verdict .verdict b")).to_have_text(f"{probability:.3f}")
    told = {piece: value for piece, value in models.classifier.mark(review) if value is not None}
    shown = {mark.inner_text(): float(mark.get_attribute("title")) for mark in page.locator("#marked mark").all()}
    assert shown == pytest.approx(told, abs=0.006)
    assert len(shown) == 6

    places = []
    for threshold, label in (("0.01", "positive"), ("0.99", "negative")):
        page.locator("#threshold input[type=range]").fill(threshold)
        expect(page.locator("#verdict strong")).to_have_text(label)
        precision, recall = 0.5 + float(threshold) / 2, 1 - float(threshold) ** 2
        expect(page.locator("#curve .caption")).to_contain_text(f"precision {precision:.3f}, recall {recall:.3f}")
        places.append(page.locator("#curve circle").bounding_box())
    assert places[0]["x"] > places[1]["x"] + 100  # less is found
    assert places[0]["y"] > places[1]["y"] + 50  # what is found is right more often


def test_an_empty_review_is_asked_for(visit, served):
    page = visit(served[1])
    tab(page, "Sentiment")
    expect(page.locator("#verdict b")).to_be_visible()
    page.locator("#review textarea").fill("")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict")).to_contain_text("No word of it is in the vocabulary")


def test_missing_models_are_a_line_each_and_the_page_stays(visit, tmp_path):
    port = free_port()
    shutil.copyfile("params.yaml", tmp_path / "params.yaml")
    built = demo.launch(demo.Page(tmp_path), port)
    try:
        page = visit(f"http://{demo.HOST}:{port}/")
        expect(page.get_by_text("models/sentiment.keras does not exist; `dvc repro` makes it")).to_be_visible()
        tab(page, "Text")
        page.get_by_role("button", name="Write").click()
        expect(page.get_by_text("models/textgen.keras does not exist; `dvc repro` makes it")).to_be_visible()
    finally:
        built.close(verbose=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_every_tab_without_scrolling_sideways(visit, served, scheme):
    page = visit(served[1], width=390, scheme=scheme)
    for name in ("Autoencoder", "Denoiser", "Text", "Sentiment"):
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (np.mean(brightness) > 127) == (scheme == "light")
