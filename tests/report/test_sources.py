"""Every number and every word that depends on one names its source, and no number is typed into a template."""

import copy
import html.parser
import itertools
import json
import re
from collections import Counter

import pytest

from stages.core import artifacts
from stages.report import build, measured, results, targets
from tests.conftest import REPOSITORY
from tests.report import made_up

TEMPLATES = sorted((REPOSITORY / "stages" / "report" / "templates").rglob("*.j2"))
# Digits that a template may hold: units of measure, formulas, names of things, HTML.
ALLOWED = (
    r"95 % interval",
    r"per 1,000 reviews",
    r"\*T\* = 1 gives the model's own distribution",
    r"initial-scale=1",
    r"charset=\"utf-8\"",
    r"\.j2\b",
    r"black 0 and white 1",
    r"Longest copy at \*T\* = 1",
)
BLANK = '<svg viewBox="0 0 9 9">a chart</svg>'
# In metrics/ for `dvc metrics diff`, not in the report.
METHODS = ("noisy", "median", "classical", "autoencoder", "dense", "conv")
UNREPORTED = {
    "autoencoder": {"bce_excess", "mse_interval", "pca.bce"},
    "denoiser": {"filters.non_local_means.patch", "filters.median_gaussian.sigma", "conv_on_some.psnr"}
    | {f"{name}.{key}" for name in METHODS for key in ("mse", "psnr_interval")},
    "textgen": {"validation_nats"},
    "sentiment": {"precision", "recall", "f1", "tuned.accuracy", "tuned.f1"}
    | {f"versus.{name}.{key}" for name in ("tfidf", "nb") for key in ("difference", "mcnemar_p")},
}


class Segments(html.parser.HTMLParser):
    """A page as pieces of text and pictures, each with the sources that the element around it names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.found: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "img":
            self.found.append((attributes["src"], attributes.get("title", "")))
        elif tag not in ("meta", "link", "br"):
            self.titles.append(attributes.get("title", ""))

    def handle_endtag(self, tag):
        self.titles.pop()

    def handle_data(self, data):
        title = next(filter(None, reversed(self.titles)), "")
        self.found += [(data, title)] if title else [(word, "") for word in data.split()]


def leaves(content, path=()):
    """Every number in metrics: its keys, and the dict or list that holds it with its place."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key) if isinstance(key, str) else path)
        else:
            yield ".".join((*path, key) if isinstance(key, str) else path), content, key


def changes(before: Segments, after: Segments) -> list[tuple[str, str]]:
    """The pieces in which two pages differ; of those that name no source, the first one out of step."""
    differing = [
        (f"{a} → {b}", "")
        for a, b in itertools.zip_longest(
            *([text for text, title in page.found if not title] for page in (before, after))
        )
        if a != b
    ][:1]
    old, new = (Counter(piece for piece in page.found if piece[1]) for page in (before, after))
    return [*differing, *(old - new), *(new - old)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_typed_number(template):
    text = re.sub(r"\.[a-z_]+_\d+\b", "", template.read_text(encoding="utf-8"))  # the names of results
    for allowed in ALLOWED:
        text = re.sub(allowed, "", text)
    assert [line for line in text.splitlines() if re.search(r"\d", line)] == []


@pytest.mark.parametrize("task", results.TASKS)
def test_a_changed_metric_changes_its_places_and_no_other(made, params, charts, task):
    charts = {name: (BLANK, drawn_from) for name, (_, drawn_from) in charts.items()}

    def read_page(charts) -> Segments:
        return Segments(build.html(build.render(targets.ForPage(charts), results.read(), params)))

    page = read_page(charts)
    unreported = set()
    for key, holder, place in leaves(content := made_up.metrics()[task]):
        value = holder[place]
        holder[place] = value * 1.31 + 0.07
        artifacts.write_json(f"metrics/{task}.json", content)
        source = f"metrics/{task}.json {key}"
        drawn = {
            name: (svg.replace("chart", "other chart") if source in drawn_from else svg, drawn_from)
            for name, (svg, drawn_from) in charts.items()
        }
        differing = changes(page, read_page(drawn))
        assert [piece for piece in differing if source not in piece[1].split("; ")] == [], key
        if not differing:
            unreported.add(key)
        holder[place] = value
    assert unreported <= UNREPORTED[task]


def test_nearly_every_metric_is_reported():
    reported = sum(
        1 for task in results.TASKS for key, *_ in leaves(made_up.metrics()[task]) if key not in UNREPORTED[task]
    )
    assert reported > 100


def test_an_unformatted_number_is_refused(made, params, charts):
    with pytest.raises(TypeError, match="has no format"):
        targets.ForGit(charts).mark(measured.measured({"a": 1.5}, "x")["a"])


def test_measured_numbers_keep_their_sources():
    m = measured.measured({"a": 3, "b": {"c": 2.0}}, "f")
    a, c = m["a"], m["b"]["c"]
    for value, expected in (
        (a - c, 1),
        (1 - c, -1),
        (a / c, 1.5),
        (6 / a, 2),
        (2 * a, 6),
        (-a, -3),
        (abs(-c), 2),
        (sum([a, c]), 5),
    ):
        assert float(value) == expected
        assert value.sources <= {"f a", "f b.c"}
        assert value.sources
    assert (a - c).sources == {"f a", "f b.c"}
    assert (a > c).sources == {"f a", "f b.c"}
    assert bool(a > c) and not bool(a < c)
    assert max(a, c) is a
    assert (a / 0) == float("inf")
    assert copy.copy(json.loads(json.dumps(a))) == 3
