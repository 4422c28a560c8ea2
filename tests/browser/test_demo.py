"""The page as a person uses it, in headless Chromium: draw, slide, type, press, and read what appears."""

import contextlib
import io
import itertools
import re
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.browser.test_pages import CONTRASTS, LEAST
from tests.reprise.conftest import free_port, write_models

demo = pytest.importorskip("reprise.demo")
playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio")]
expect = playwright.expect

TABS = ("Digits", "Text", "Reviews")


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
    with serving(folder) as page:
        yield page


@pytest.fixture
def opened(visit):
    """Open an address; whatever the page loads must come from here."""
    visits = []

    def page(address: str, *, width: int = 1280, scheme: str = "light"):
        visits.append(visit(f"{address}?__theme={scheme}", width=width))
        expect(visits[-1].page.locator("#canvas canvas").first).to_be_visible()
        return visits[-1].page

    yield page
    here = ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")
    assert [url for each in visits for url in each.requests if not url.startswith(here)] == []


def tab(page, name: str) -> None:
    page.get_by_role("tab", name=name).first.click()
    page.wait_for_timeout(500)  # what is typed while a tab is being built is lost


def strokes(page) -> bool:
    """Does the canvas show anything dark?"""
    image = Image.open(io.BytesIO(page.locator("#canvas canvas").first.screenshot())).convert("L")
    width, height = image.size
    return image.crop((width // 3, height // 4, 2 * width // 3, 3 * height // 4)).getextrema()[0] < 100


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


def test_the_page_opens_with_a_test_digit_and_what_is_drawn_comes_back(opened, served):
    models, address = served
    page = opened(address)
    captions = page.locator("#copies figcaption")
    expect(captions).to_have_count(1 + len(models.autoencoders))
    expect(page.locator("#about")).to_contain_text("Test digit 0 of 3: a 0.")
    expect(page.locator("#restored figcaption")).to_have_count(4)
    page.locator("#number input").fill("2")
    page.locator("#number input").press("Enter")
    expect(page.locator("#about")).to_contain_text("Test digit 2 of 3: a 2.")
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(page.locator("#about")).to_contain_text("Your drawing")
    assert strokes(page)
    for _ in range(30):  # one of three digits may be the one that was shown before
        page.get_by_role("button", name="Random").click()
        page.wait_for_timeout(500)
        if "Test digit" in page.locator("#about").inner_text():
            break
    expect(page.locator("#about")).to_contain_text(re.compile(r"Test digit (\d) of 3: a \1\."))
    page.wait_for_timeout(1000)
    assert not strokes(page)
    expect(captions).to_have_count(3)
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(page.locator("#about")).to_contain_text("Your drawing")
    page.get_by_label("Clear canvas").click()
    expect(captions).to_have_count(0)
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(captions).to_have_count(3)
    expect(captions.nth(1)).to_contain_text(re.compile(r"4 numbers\s*\d+\.\d dB"))
    damaged = page.locator("#restored figcaption").first
    page.locator("#strength").get_by_text("0.75").click()
    expect(damaged).to_contain_text("noise 0.75")
    page.locator("#kind").get_by_text("coarse").click()
    expect(damaged).to_contain_text("coarse 4")
    page.locator("#strength").get_by_text("7").click()
    expect(damaged).to_contain_text("coarse 7")


def test_a_picture_is_uploaded_and_a_torn_one_gets_a_message(opened, served):
    page = opened(served[1])
    draw(page, (0.25, 0.2), (0.75, 0.2), (0.4, 0.85))
    expect(page.locator("#about")).to_contain_text("Your drawing")
    image = Image.new("L", (300, 200), 240)
    image.paste(10, (130, 40, 160, 170))
    content = io.BytesIO()
    image.save(content, "PNG")
    for name, buffer in (("torn.png", content.getvalue()[:200]), ("digit.png", content.getvalue())):
        with page.expect_file_chooser() as chooser:
            page.locator("#upload").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": buffer})
        if name != "digit.png":
            expect(page.get_by_text(f"{name} is not a whole")).to_be_visible()
    expect(page.locator("#about")).to_contain_text("Your picture")
    page.wait_for_timeout(1000)
    assert not strokes(page)
    expect(page.locator("#about")).to_contain_text("Your picture")
    expect(page.locator("#copies figcaption")).to_have_count(3)


def test_a_text_streams_in_and_can_be_stopped(opened, served):
    models, address = served
    page = opened(address)
    tab(page, "Text")
    text = page.locator("#text textarea")
    page.locator("#prompt textarea").fill("HaML:")
    page.locator("#temperature input[type=range]").fill("0.7")
    page.locator("#length input[type=range]").fill("100")
    page.get_by_role("button", name="Write").click()
    expect(page.locator("#seed input")).not_to_have_value("1")  # a new one
    expect(text).to_have_value(re.compile(r"HaML:[\s\S]{100}"))
    page.locator("#new input").uncheck()
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
    assert 20 < len(stopped) < len(whole)


def test_a_review_is_judged_its_words_marked_and_the_threshold_moves(opened, served):
    models, address = served
    page = opened(address)
    tab(page, "Reviews")
    review = "A <b>good</b> film, ${1 + 1} {{value}} not very bad"
    page.locator("#review textarea").fill(review)
    page.get_by_role("button", name="Classify").click()
    pieces = r"A\S* <b\S*>good\S*</b\S*> film\S*, \$\{1\S* \+ 1\S*\} \{\{value\S*\}\} not"  # each with its number
    expect(page.locator("#pieces")).to_contain_text(re.compile(pieces))
    probability = models.classifier.judge([review])[0].probability
    expect(page.locator("#verdict")).to_contain_text(f"{probability:.3f}")
    for threshold, label in (("0.01", "positive"), ("0.99", "negative")):
        page.locator("#threshold input[type=range]").fill(threshold)
        expect(page.locator("#verdict h2")).to_have_text(label)
    page.locator("#review textarea").fill("")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#verdict")).to_contain_text("No word of it is in the vocabulary")
    page.get_by_role("button", name=list(models.reviews)[1]).click()
    expect(page.locator("#pieces")).to_contain_text("film")
    page.get_by_text("Model card: sentiment").click()
    expect(page.get_by_role("heading", name="sentiment", exact=True)).to_be_visible()


def test_missing_models_are_a_line_each_and_the_page_stays(opened, tmp_path):
    with serving(tmp_path) as (_, address):
        page = opened(address)
        expect(page.get_by_text("models/sentiment.keras does not exist; `dvc repro` makes it")).to_be_visible()
        tab(page, "Text")
        page.get_by_role("button", name="Write").click()
        expect(page.get_by_text("models/textgen.keras does not exist; `dvc repro` makes it")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])  # 390: a phone
def test_text_has_contrast_headings_are_in_order_pictures_named_and_nothing_scrolls_sideways(
    opened, served, scheme, width
):
    page = opened(served[1], scheme=scheme, width=width)
    expect(page.locator("#restored figcaption")).to_have_count(4)
    for name in TABS:
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("#pieces mark").first).to_be_visible()
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert [(told, ratio) for told, ratio in contrasts if ratio < LEAST] == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(heading => +heading.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.evaluate("[...document.images].filter(image => !image.alt).length") == 0
