"""The page and the Markdown: complete, valid, computed, and safe whatever the data holds."""

import re
from pathlib import Path

from tinyhtml5.parser import HTMLParser

from stages.core import artifacts
from stages.report import build
from tests.conftest import REPOSITORY


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.glob("report/**/*") if path.is_file()}


def test_a_report_is_the_same_bytes_again(built, params, monkeypatch):
    first = files(built)
    monkeypatch.chdir(built)
    build.main(params)
    assert first == files(built)
    assert len(first) > 20
    assert sum(map(len, first.values())) < 2_500_000


def test_the_page_needs_no_other_file_and_is_valid(built):
    page = (built / build.PAGE).read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert not re.search(r"url\(|@import", page)
    assert len(re.findall(r"<img ", page)) == len(re.findall(r'<img src="data:image/[^"]+" alt="[^"]{20,}"', page))
    parser = HTMLParser()
    parser.parse(page)
    assert parser.errors == []
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(names)


def test_what_people_wrote_stays_text(built):
    page, markdown = ((built / path).read_text(encoding="utf-8") for path in (build.PAGE, build.MARKDOWN))
    for text in (page, markdown):
        for tag in ("<script", "<b>or", "<free>"):
            assert tag not in text
    assert "&lt;b&gt;or&lt;/b&gt; not" in page
    assert "<h1>no heading" not in page
    assert 'href="http://x.example"' not in page
    text = re.sub(r"<[^>]+>", "", page)
    assert "*film* `code` [link](http://x.example)" in text
    assert "the reviews | of *somebody*" in text


def test_the_markdown_shows_every_chart_and_files_that_are_there(built):
    markdown = (built / build.MARKDOWN).read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", markdown)
    assert markdown.count("![") == len(shown)
    for path in shown:
        assert (built / "report" / path).is_file(), path
    drawn = {path.name for path in (built / "report/charts").iterdir()}
    assert drawn - {path.split("/")[-1] for path in shown} == {"textgen-sizes.svg"}


def test_every_model_has_a_card_with_its_figures(made, params):
    assert set(build.MODELS) == set(artifacts.read_yaml(REPOSITORY / "dvc.yaml")["artifacts"])
    context = build.variables(params)
    for name in build.MODELS:
        assert build.card(name, context).startswith(f"# {name}\n")
    for name, figure in {"autoencoder": "0.0103", "denoiser-dense": "14.10", "textgen": "1.476"}.items():
        assert figure in build.card(name, context)
