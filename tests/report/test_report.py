"""The page and the Markdown: the same text twice, complete, valid, and safe whatever the data holds."""

import re
import subprocess
import sys

import pytest
from tinyhtml5.parser import HTMLParser

from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from stages.report import build, drawing
from stages.report.results import read
from tests.conftest import REPOSITORY
from tests.report.conftest import pages


def test_a_report_is_the_same_bytes_again(made, params):
    build.main(params)
    first = {path: path.read_bytes() for path in made.glob("report/**/*") if path.is_file()}
    build.main(params)
    assert first == {path: path.read_bytes() for path in made.glob("report/**/*") if path.is_file()}
    assert len(first) > 20
    assert sum(map(len, first.values())) < 1_500_000


def test_the_page_needs_no_other_file(made, params, charts):
    page, _ = pages(params, charts)
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert not re.search(r"url\(|@import", page)
    assert all(match for match in re.findall(r'<img [^>]*alt="([^"]*)"', page))
    assert len(re.findall(r"<img ", page)) == len(re.findall(r'<img src="data:image/[^"]+" alt="[^"]{20,}"', page))


def test_the_page_is_valid_html(made, params, charts):
    page, _ = pages(params, charts)
    parser = HTMLParser()
    parser.parse(page)
    assert parser.errors == []
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(names)


def test_what_people_wrote_stays_text(made, params, charts):
    page, markdown = pages(params, charts)
    for text in (page, markdown):
        assert "<script" not in text
        assert "<b>or" not in text
        assert "<free>" not in text
    assert "&lt;b&gt;or&lt;/b&gt; not" in page
    assert "<h1>no heading" not in page
    assert 'href="http://x.example"' not in page
    text = re.sub(r"<[^>]+>", "", page)
    assert "*film* `code` [link](http://x.example)" in text
    assert "the reviews | of *somebody*" in text


def test_both_forms_have_the_same_words(made, params, charts):
    """The Markdown rendered gives the words of the page: they cannot disagree."""
    page, markdown = pages(params, charts)

    def words(text: str) -> str:
        body = text[text.index("<main>") :] if "<main>" in text else build.html(text)
        body = re.sub(r"<figure.*?</figure>|<img[^>]*>|<em>[^<]*</em>|<pre.*?</pre>", "", body, flags=re.DOTALL)
        body = body[body.index("<h1") : body.index('id="sources"')]
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())

    assert words(markdown)[:200] == words(page)[:200]
    a, b = (re.sub(r"\W+", " ", words(text)).split() for text in (page, markdown))
    assert [a[i] for i in range(min(len(a), len(b))) if a[i] != b[i]][:5] == []


def test_the_markdown_shows_files_that_are_there(made, params):
    build.main(params)
    markdown = artifacts.read_text(build.MARKDOWN)
    links = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", markdown)
    assert len(links) > 20
    assert markdown.count("![") == len(links)
    for link in links:
        assert (made / "report" / link).resolve().is_file(), link


@pytest.mark.parametrize("path", ["metrics/textgen.json", "plots/denoiser/recognition.csv", "data/raw/text.json"])
def test_a_missing_result_is_one_line(made, params, path):
    (made / path).unlink()
    with pytest.raises(StageError, match=f"^{re.escape(path)} does not exist; `dvc repro` makes it"):
        build.main(params)


def test_a_report_needs_no_tensorflow():
    code = "import sys, stages.report.build; sys.exit(bool({'keras', 'tensorflow', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize("name", build.MODELS)
def test_a_card_has_the_figures_of_its_model(made, params, name):
    from_results = build.card(name, read(), params)
    assert from_results.startswith(f"# {name}\n")
    assert f'keras.models.load_model("{name}.keras")' in from_results
    figures = {"autoencoder": "0.0103", "denoiser-conv": "15.10", "denoiser-dense": "14.10"}
    assert figures.get(name, "") in from_results
    task = name.split("-")[0]
    metrics = artifacts.read_json(f"metrics/{task}.json")
    key, form = {"sentiment": ("accuracy", "{:.1%}"), "textgen": ("nats", "{:.3f}")}.get(task, (None, ""))
    if key:
        assert form.format(metrics[key]).replace("%", "\u00a0%") in from_results
        artifacts.write_json(f"metrics/{task}.json", metrics | {key: metrics[key] / 2})
        assert form.format(metrics[key] / 2).replace("%", "\u00a0%") in build.card(name, read(), params)


def test_every_model_has_a_card():
    pipeline = yaml_reader.read(REPOSITORY / "dvc.yaml")
    assert set(build.MODELS) == set(pipeline["artifacts"])


def test_labels_of_a_logarithmic_axis_do_not_overlap():
    sizes = [30_000, 100_000, 300_000, 1_000_000, 3_000_000, 4_842_020]
    picture = drawing.lines({"a": (sizes, range(6))}, x_label="characters", y_label="nats", log=True)
    assert [f"{size:,}" in picture for size in sizes] == [True, True, True, True, False, True]
    assert "30,000" in drawing.lines({"a": ([30_000], [1])}, x_label="characters", y_label="nats", log=True)
