"""The report and DVC's page of plots, in a browser without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.params import load
from stages.report import build
from tests.conftest import REPOSITORY
from tests.report.made_up import write

pytestmark = pytest.mark.browser

LEAST = 4.5  # WCAG 2.2, 1.4.3, level AA: contrast of text that is not large
# For every element that holds text itself: the contrast of its colour with the nearest opaque ground behind it, by
# WCAG's relative luminance.
CONTRASTS = """
() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own) continue;
    const [a, b] = [numbers(getComputedStyle(element).color), ground(element)].map(luminance).sort((x, y) => y - x);
    found.push([element.tagName + ': ' + element.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}
"""
# Images that have loaded, and those of which a canvas shows more than one colour: something was drawn.
DRAWN = """
async () => {
  const results = [];
  for (const image of document.images) {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [100, 100];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, 100, 100);
    const pixels = new Uint32Array(context.getImageData(0, 0, 100, 100).data.buffer);
    results.push([image.alt, image.naturalWidth, new Set(pixels).size]);
  }
  return results;
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A report of made-up results: these tests do not need the committed one."""
    folder, before = tmp_path_factory.mktemp("report"), Path.cwd()
    write(folder)
    os.chdir(folder)
    try:
        build.main(load())
    finally:
        os.chdir(before)
    return (folder / build.PAGE).resolve()


@pytest.fixture(params=["made", "report"])
def page(request) -> Path:
    """The page of made-up results, and the committed one."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_loads_alone_and_can_be_read_at_any_width(visit, page, scheme):
    opened = visit(page.as_uri(), scheme=scheme)
    assert opened.errors == []
    assert [url for url in opened.requests if not url.startswith("data:")] == [page.as_uri()]
    drawn = opened.page.evaluate(DRAWN)
    assert len(drawn) >= 25
    for alt, width, colours in drawn:
        assert alt
        assert width > 0, alt
        assert colours > 2 or page.parent.parent != REPOSITORY, alt  # made-up pictures are of two colours
    contrasts = opened.page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert [(told, ratio) for told, ratio in contrasts if ratio < LEAST] == []
    for width in (1280, 360):
        opened.page.set_viewport_size({"width": width, "height": 900})
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def plots(tmp_path_factory) -> Path:
    """What `dvc plots show` makes of the committed series, the scripts that draw them where the page expects them."""
    folder = tmp_path_factory.mktemp("plots")
    (folder / ".dvc").symlink_to(REPOSITORY / ".dvc")
    out = folder / "dvc_plots"
    command = [sys.executable, "-m", "dvc", "plots", "show", "--out", str(out)]
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return (out / "index.html").resolve()


def test_the_page_of_plots_draws_every_chart(visit, plots):
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    names = [next(iter(entry)) for stage in stages.values() for entry in stage.get("plots", [])]
    series = [name for name in names if name.endswith(".csv")]
    opened = visit(plots.as_uri())
    drawn = opened.page.locator("canvas.marks, svg.marks")
    drawn.nth(len(series) - 1).wait_for(timeout=60_000)
    assert drawn.count() == len(series)
    assert opened.page.locator("img").count() == len(names) - len(series)
    assert opened.errors == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    blank = "[...document.querySelectorAll('canvas.marks')].filter(c => c.width < 100 || c.height < 40).length"
    assert opened.page.evaluate(blank) == 0
    failed = "[...document.images].filter(image => !image.naturalWidth).length"
    assert opened.page.evaluate(failed) == 0
    assert opened.page.locator("h2").all_inner_texts() == ["autoencoder", "denoiser", "textgen", "sentiment"]
    assert opened.page.locator("section > div").count() == len(names)
