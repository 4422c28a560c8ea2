"""The page as a person uses it, in headless Chromium: draw, slide, type, press, and read what appears."""

import contextlib
import io
import re
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.reprise.conftest import free_port, write_models

demo = pytest.importorskip("reprise.demo")
playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio")]
expect = playwright.expect

HERE = ("127.0.0.1", "::1", "localhost")
TABS = ("Digits", "Text", "Reviews")
contacted: list[str] = []  # by this process, which serves the page, while it does


def _watch(event: str, arguments: tuple) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in HERE:
        contacted.append(str(arguments[1]))
    elif event == "socket.getaddrinfo" and arguments[0] not in (*HERE, None, ""):
        contacted.append(str(arguments[0]))


sys.addaudithook(_watch)


@contextlib.contextmanager
def serving(folder) -> Iterator[tuple]:
    """The page's functions on the models of a folder, and where it is served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reprise.REPOSITORY", folder)
        page, port = demo.Page(), free_port()
        built = demo.launch(page, port)
        yield page, f"http://{demo.HOST}:{port}/"
        built.close(verbose=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple]:
    folder = tmp_path_factory.mktemp("models of a run")
    write_models(folder)
    contacted.clear()
    with serving(folder) as page:
        yield page
    assert contacted == []


@pytest.fixture
def visit(chromium):
    """Open an address as `width` pixels and a colour scheme show it; whatever the page loads must come from here."""
    asked, contexts = [], []

    def opened(address: str, *, width: int = 1280, scheme: str = "light"):
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
    """Clear the canvas, again where the test digit was still on its way to it."""
    brush, shown = page.locator("#canvas button[aria-label='Brush Size']"), page.locator("#copies .caption-label")
    expect(shown.first).to_be_visible()
    for _ in range(10):
        page.get_by_label("Clear canvas").click()
        page.wait_for_timeout(1500)
        if not shown.count():
            break
    expect(shown).to_have_count(0)
    expect(brush).to_be_visible()  # without the user's doing


def test_the_page_opens_with_a_test_digit_and_what_is_drawn_comes_back(visit, served):
    models, address = served
    page = visit(address)
    captions = page.locator("#copies .caption-label")
    expect(captions).to_have_count(1 + len(models.autoencoders))
    expect(page.locator("#about")).to_contain_text("Test digit 0 of 3: a 0.")
    expect(page.locator("#restored .caption-label")).to_have_count(4)
    page.locator("#number input").fill("2")
    page.locator("#number input").press("Enter")
    expect(page.locator("#about")).to_contain_text("Test digit 2 of 3: a 2.")
    clear(page)
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(captions).to_have_count(3)
    expect(captions.nth(1)).to_contain_text(re.compile(r"4 numbers: \d+\.\d dB"))
    before = page.locator("#restored .caption-label").first.inner_text()
    page.locator("#strength input[type=range]").fill("0.9")
    expect(page.locator("#restored .caption-label").first).not_to_have_text(before)


def test_a_picture_is_uploaded_and_a_torn_one_gets_a_message(visit, served):
    page = visit(served[1])
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
    expect(page.locator("#about")).to_contain_text("Your picture")
    expect(page.locator("#copies .caption-label")).to_have_count(3)


def test_a_text_streams_in_and_can_be_stopped(visit, served):
    models, address = served
    page = visit(address)
    tab(page, "Text")
    text = page.locator("#text textarea")
    page.locator("#prompt textarea").fill("HaML:")
    page.locator("#temperature input[type=range]").fill("0.7")
    page.locator("#length input[type=range]").fill("100")
    page.locator("#seed input, #seed textarea").fill("5")
    page.get_by_role("button", name="Write").click()
    expect(text).to_have_value("HaML:" + models.writer.write("HaML:", [0.7], length=100, seed=5)[0])
    expect(page.locator("#used")).to_contain_text("Seed 5")

    page.locator("#length input[type=range]").fill("2000")
    page.locator("#seed input, #seed textarea").fill("6")
    whole = "HaML:" + models.writer.write("HaML:", [0.7], length=2000, seed=6)[0]
    page.get_by_role("button", name="Write").click()
    shown = "document.querySelector('#text textarea').value"
    page.wait_for_function(f"whole => whole.startsWith({shown}) && {shown}.length > 20", arg=whole)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(1000)
    stopped = text.input_value()
    page.wait_for_timeout(1000)
    assert text.input_value() == stopped
    assert 20 < len(stopped) < len(whole)


def test_a_review_is_judged_its_words_marked_and_the_threshold_moves(visit, served):
    models, address = served
    page = visit(address)
    tab(page, "Reviews")
    review = "A <b>good</b> film, not very bad"
    page.locator("#review textarea").fill(review)
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#pieces")).to_contain_text(re.compile(r"<\s*b\s*>"))
    probability = models.classifier.judge([review])[0].probability
    expect(page.locator("#probability")).to_contain_text(f"{max(probability, 1 - probability):.0%}")
    for threshold, label in (("0.01", "positive"), ("0.99", "negative")):
        page.locator("#threshold input[type=range]").fill(threshold)
        page.get_by_role("button", name="Classify").click()
        expect(page.locator("#verdict strong")).to_have_text(label)
    page.locator("#review textarea").fill("")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict")).to_contain_text("No word of it is in the vocabulary")


def test_missing_models_are_a_line_each_and_the_page_stays(visit, tmp_path):
    with open("params.yaml", encoding="utf-8") as file:
        (tmp_path / "params.yaml").write_text(file.read(), encoding="utf-8")
    with serving(tmp_path) as (_, address):
        page = visit(address)
        expect(page.get_by_text("models/sentiment.keras does not exist; `dvc repro` makes it")).to_be_visible()
        tab(page, "Text")
        page.get_by_role("button", name="Write").click()
        expect(page.get_by_text("models/textgen.keras does not exist; `dvc repro` makes it")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_every_tab_without_scrolling_sideways(visit, served, scheme):
    page = visit(served[1], width=390, scheme=scheme)
    expect(page.locator("#restored .caption-label")).to_have_count(4)
    pictures = page.locator("#restored .grid-container > *").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().right)"
    )
    assert max(pictures) <= 390
    for name in TABS:
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (np.mean(brightness) > 127) == (scheme == "light")
