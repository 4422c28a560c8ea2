"""What the page's tabs do, without a browser: tests/browser/test_demo.py uses them as a person would."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from reprise.generate import READ
from stages.core import image_quality
from stages.denoiser import baselines
from stages.denoiser.preprocess import add_noise

gr = pytest.importorskip("gradio")
demo = pytest.importorskip("reprise.demo.page")


@pytest.fixture(scope="module")
def page(folder):
    return demo.Page(folder)


@pytest.fixture
def warnings(monkeypatch):
    """What the page says without an error."""
    said = []
    monkeypatch.setattr(gr, "Warning", said.append)
    return said


def images(html: str) -> list[np.ndarray]:
    """The pictures in HTML."""
    contents = re.findall(r"data:image/png;base64,([^\"]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))) for content in contents]


def drawing(ink: np.ndarray) -> dict:
    """What the canvas holds when this was drawn."""
    layer = np.zeros((*ink.shape, 4), np.uint8)
    layer[..., 3] = ink
    return {"background": None, "layers": [layer], "composite": layer}


def stroke() -> np.ndarray:
    ink = np.zeros((280, 280), np.uint8)
    ink[60:220, 120:160] = 255
    return ink


def test_a_drawing_goes_through_every_code(page):
    html = page.draw(drawing(stroke()))
    seen, *copies = images(html)
    assert np.array_equal(seen.any(axis=1).nonzero()[0], np.arange(4, 24))
    assert len(copies) == len(page.autoencoders) == 2
    for copy, autoencoder in zip(copies, page.autoencoders, strict=True):
        expected = autoencoder.reconstruct(seen[None] / np.float32(255))[0]
        assert np.abs(copy / 255 - expected).max() < 0.01
    assert [html.count(f"through {latent} numbers</h4>") for latent in (4, 8)] == [1, 1]
    assert html.count("<rect") == 4 + 8


@pytest.mark.parametrize("empty", [None, {"layers": None}, {"layers": []}, drawing(np.zeros((280, 280), np.uint8))])
def test_an_empty_canvas_asks_for_a_digit(page, empty):
    assert "Draw a digit" in page.draw(empty)


def test_a_picture_on_paper_is_turned_to_light_on_dark(page, tmp_path):
    Image.fromarray(255 - stroke()).save(tmp_path / "paper.png")
    assert page.upload(str(tmp_path / "paper.png")) == page.draw(drawing(stroke()))


def test_a_20_megapixel_picture_is_read(page, tmp_path):
    image = Image.new("L", (5000, 4000), 255)
    image.paste(0, (2000, 1000, 2400, 3000))
    image.save(tmp_path / "large.png")
    assert len(images(page.upload(str(tmp_path / "large.png")))) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", r"^a <b>.png is not a whole picture"),
        ("torn", r"^a <b>.png is not a whole picture"),
        ("grey", "all of one grey"),
        ("huge", "6000 × 5000 pixels; 25,000,000 are the most"),
    ],
)
def test_a_bad_picture_gets_a_message(page, tmp_path, content, message):
    path = tmp_path / "a <b>.png"
    if content == "huge":
        Image.new("1", (6000, 5000)).save(path)
    elif isinstance(content, str):
        Image.fromarray(stroke() if content == "torn" else np.full((9, 9), 7, np.uint8)).save(path)
        content = path.read_bytes()[: 150 if content == "torn" else None]
        path.write_bytes(content)
    else:
        path.write_bytes(content)
    with pytest.raises(gr.Error) as error:
        page.upload(str(path))
    assert re.search(message.replace("<b>", "&lt;b&gt;"), error.value.message)
    assert str(tmp_path) not in error.value.message


@pytest.mark.parametrize("std", [0.05, 0.5, 1.0])
def test_a_digit_with_noise_and_without(page, std):
    html = page.denoise(2, std)
    clean, noisy, *_ = images(html)
    expected = add_noise(page.digits[2][None], std, np.random.default_rng([page.seed, 2]))
    assert np.abs(clean / 255 - page.digits[2]).max() < 0.01
    assert np.abs(noisy / 255 - expected[0]).max() < 0.01
    settings = {"patch": 5, "distance": 6, "strength": 0.5}
    for shown in (
        expected,
        baselines.non_local_means(expected, std, **settings),
        page.denoiser.denoise(expected),
    ):
        assert f"PSNR {image_quality.psnr(page.digits[2][None], shown)[0]:.2f} dB" in html


def test_a_text_grows_to_what_the_command_writes(page):
    *_, text = page.write("HaML:", 0.7, 50, 3)
    assert text == "HaML:" + page.writer.write("HaML:", [0.7], length=50, seed=3)[0]
    *_, usual = page.write("HaML:", 0.7, 50, None)
    assert usual == "HaML:" + page.writer.write("HaML:", [0.7], length=50, seed=page.seed)[0]


def test_the_length_and_the_time_of_a_text_are_bounded(page, warnings, monkeypatch):
    *_, text = page.write("a", 1.0, 10**9, 1)
    assert len(text) == 1 + demo.LONGEST_TEXT
    monkeypatch.setattr(demo, "SECONDS", 0)
    *_, text = page.write("a", 1.0, 500, 1)
    assert len(text) < 500
    assert warnings == ["Stopped after 0 seconds."]


def test_a_prompt_in_another_alphabet_is_reported(page, warnings):
    *_, text = page.write("<b>你 Ω a", 1.0, 5, 1)
    assert text.startswith("<b>你 Ω a")
    assert warnings == ["Not in the vocabulary, read as unknown: &lt; &gt; Ω 你"]


def test_an_empty_prompt_and_a_megabyte(page, warnings):
    *_, text = page.write("", 1.0, 7, 1)
    assert len(text) == 7
    *_, text = page.write("ab" * 500_000, 1.0, 7, 1)
    assert len(text) == READ + 7
    assert warnings == ["Of the prompt's 1,000,000 characters the last 1,000 are read."]


def test_a_review_is_judged_as_by_the_command(page):
    text = "a <i>good film & not very bad</i>"
    probability, verdict, marked, curve = page.judge(text, 0.01)
    assert probability == page.classifier.judge([text])[0].probability
    assert f"<b>{probability:.3f}</b>" in verdict
    assert "positive</strong>" in verdict
    assert "negative</strong>" in page.verdict(probability, 0.99)
    assert re.sub(r"</?(p|mark)[^>]*>", "", marked) == "a &lt;i&gt;good film &amp; not very bad&lt;/i&gt;"
    told = [float(value) for value in re.findall(r'title="([^"]+)"', marked)]
    assert told == pytest.approx([value for _, value in page.classifier.mark(text) if value is not None], abs=0.006)
    assert curve == page.curve(0.01)


@pytest.mark.parametrize(("threshold", "nearest"), [(0.01, 0.01), (0.53, 0.53), (0.524, 0.53), (0.99, 0.99)])
def test_the_point_is_where_the_threshold_was_measured(page, threshold, nearest):
    html = page.curve(threshold)
    precision, recall = 0.5 + nearest / 2, 1 - nearest**2
    assert f"Threshold {nearest:.2f}: precision {precision:.3f}, recall {recall:.3f} on test reviews" in html
    x, y = (float(re.search(rf'{name}="([\d.]+)"', html)[1]) for name in ("cx", "cy"))
    # its place, from the ends of the curve: (0, 1) and (1, 0.5)
    (left, top), (right, bottom) = (
        map(float, re.search(rf"{at}([\d.]+) ([\d.]+){end}", html).groups())
        for at, end in (('class="line" d="M', "L"), ("L", '"/><circle'))
    )
    assert (x - left) / (right - left) == pytest.approx(recall, abs=0.001)
    assert (y - top) / (bottom - top) == pytest.approx((1 - precision) * 2, abs=0.001)


def test_the_slider_begins_at_the_tuned_threshold(page, tmp_path):
    assert page.tuned_threshold() == 0.53
    assert demo.Page(tmp_path).tuned_threshold() in (0.49, 0.51)


@pytest.mark.parametrize("text", ["", " \n", "你好 ...", "zzz"])
def test_a_review_without_a_known_word_is_not_judged(page, text):
    probability, verdict, marked, _ = page.judge(text, 0.5)
    assert probability is None
    assert "No word of it is in the vocabulary" in verdict
    assert "<mark" not in marked


def test_a_megabyte_is_refused(page):
    with pytest.raises(gr.Error, match="1,000,000 characters; 20,000 are the most"):
        page.judge("good" * 250_000, 0.5)


def uses(page) -> dict:
    return {
        "models/autoencoder.keras": lambda: page.draw(drawing(stroke())),
        "models/denoiser-conv.keras": lambda: page.denoise(0, 0.5),
        "data/autoencoder/digits.npz": lambda: page.denoise(0, 0.5),
        "data/denoiser/evaluation.json": lambda: page.denoise(0, 0.5),
        "models/textgen.keras": lambda: list(page.write("a", 1.0, 5, 1)),
        "models/sentiment.keras": lambda: page.judge("good", 0.5),
        "plots/sentiment/thresholds.csv": lambda: page.judge("good", 0.5),
    }


@pytest.mark.parametrize("name", uses(None))
def test_a_missing_file_is_one_line_and_is_looked_for_again(folder, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / name).rename(tmp_path / "away")
    use = uses(demo.Page(copy))[name]
    with pytest.raises(gr.Error) as error:
        use()
    assert f"{name} does not exist; `dvc repro` makes it, `dvc pull` fetches it" in error.value.message
    (tmp_path / "away").rename(copy / name)
    assert use()


@pytest.mark.parametrize("name", [name for name in uses(None) if name.startswith("models")])
def test_a_truncated_model_is_one_line(folder, tmp_path, name):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / name).write_bytes((copy / name).read_bytes()[:3000])
    with pytest.raises(gr.Error, match=f"{name} is not a whole Keras model") as error:
        uses(demo.Page(copy))[name]()
    assert "\n" not in error.value.message


def test_the_page_opens_with_a_digit_and_its_copies(page):
    sample = page.sample()
    seen, *copies = images(page.draw(sample))
    assert len(copies) == len(page.autoencoders)
    assert seen.any()
    drawn = sample["layers"][0][..., 3]
    assert drawn.shape == (280, 280)
    assert np.array_equal(drawn[5::10, 5::10], (255 * page.digits[0]).round())


def test_without_digits_the_canvas_is_empty(tmp_path):
    assert demo.Page(tmp_path).sample() is None
