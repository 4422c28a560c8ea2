"""The report tells what was measured, whatever that is: no typed number, no word that a sign does not decide."""

import copy
import html.parser
import itertools
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
from tinyhtml5.parser import HTMLParser

from stages.core import artifacts
from stages.core.errors import StageError
from stages.denoiser import baselines
from stages.report import build, story
from tests.conftest import REPOSITORY
from tests.report import conftest as made_up

TEMPLATES = sorted((REPOSITORY / "stages" / "report" / "templates").glob("*.j2"))
# Digits that a template may hold: units of measure, formulas, names of things, HTML.
ALLOWED = (
    r"95 % interval",
    r"per 1,000 reviews",
    r"\*T\* = 1 the network's own odds",
    r"initial-scale=1",
    r"charset=\"utf-8\"",
    r"\.j2\b",
)
# Measured for `dvc metrics diff`, not told in the report.
BLANK = '<svg viewBox="0 0 9 9">a chart</svg>'
METHODS = ("noisy", "median", "classical", "autoencoder", "dense", "conv")
UNTOLD = {
    "autoencoder": {"bce_excess", "mse_interval", "pca.bce"},
    "denoiser": {"filters.non_local_means.patch", "filters.median_gaussian.sigma"}
    | {f"{name}.{key}" for name in METHODS for key in ("mse", "psnr_interval")},
    "textgen": {"validation_nats"},
    "sentiment": {"precision", "recall", "f1", "tuned.accuracy", "tuned.f1"}
    | {f"versus.{name}.{key}" for name in ("tfidf", "nb") for key in ("difference", "mcnemar_p")},
}


def pages(params, charts) -> tuple[str, str]:
    """The page and the Markdown of the results in the current folder."""
    results = build.read()
    page = build.html(build.render(build.ForPage(charts), results, params))
    return page, build.render(build.ForGit(charts), results, params)


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


@pytest.mark.parametrize("task", build.TASKS)
def test_a_changed_metric_changes_its_places_and_no_other(made, params, charts, task):
    charts = {name: (BLANK, drawn_from) for name, (_, drawn_from) in charts.items()}

    def read_page(charts) -> Segments:
        return Segments(build.html(build.render(build.ForPage(charts), build.read(), params)))

    page = read_page(charts)
    untold = set()
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
            untold.add(key)
        holder[place] = value
    assert untold <= UNTOLD[task]


def test_nearly_every_metric_is_told():
    told = sum(1 for task in build.TASKS for key, *_ in leaves(made_up.metrics()[task]) if key not in UNTOLD[task])
    assert told > 100


VERDICTS = {
    # metric, sign of "better", where the report says so
    ("autoencoder", "mse_minus_pca_interval"): (-1, r"The autoencoder is \*\*(.+?)\*\*"),
    ("denoiser", "conv_minus_best_filter.psnr_interval"): (1, r"the conv denoiser is \*\*(.+?)\*\*"),
    ("denoiser", "conv_minus_classical.psnr_interval"): (1, r"against non-local means \([^)]*\)\) (.+?), by"),
    ("denoiser", "conv_minus_dense.psnr_interval"): (1, r"against the dense denoiser (.+?), by"),
    ("textgen", "nats_minus_ngram_interval"): (-1, r"Against it the LSTM is \*\*(.+?)\*\*"),
    ("sentiment", "versus.nb.interval"): (1, r"Against NB-weighted n-grams the network is \*\*(.+?)\*\*"),
    ("sentiment", "versus.tfidf.interval"): (1, r"against TF-IDF\s+\*\*(.+?)\*\*"),
}


@pytest.mark.parametrize("where", VERDICTS, ids=lambda where: ".".join(where))
def test_a_comparing_word_follows_the_sign(made, params, charts, where):
    task, key = where
    sign, pattern = VERDICTS[where]
    for interval, word in (([0.1, 0.2], "better"), ([-0.2, -0.1], "worse"), ([-0.1, 0.2], "as good as equal")):
        content = made_up.metrics()[task]
        *parents, last = key.split(".")
        holder = content
        for parent in parents:
            holder = holder[parent]
        holder[last] = interval if sign > 0 else [-bound for bound in reversed(interval)]
        artifacts.write_json(f"metrics/{task}.json", content)
        _, markdown = pages(params, charts)
        assert re.search(pattern, markdown)[1] == word


def test_helping_and_harming_follow_the_intervals(made, params, charts):
    _, markdown = pages(params, charts)
    assert "better for noise (0.5) and blur (1.5)" in " ".join(markdown.split())
    assert "Reading is worse for faded (0.3)." in " ".join(markdown.split())
    rows = made_up.tables()["denoiser/recognition"]
    for row in rows:
        row["difference"], row["low"], row["high"] = -row["difference"], -row["high"], -row["low"]
    made_up.write(made, series={"denoiser/recognition": rows})
    _, markdown = pages(params, charts)
    assert "Reading is worse for noise (0.5) and blur (1.5)." in " ".join(markdown.split())
    assert "better for faded (0.3)" in " ".join(markdown.split())


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ((0.021, 0.0103, 0.0039), "Each doubling of the code halves the error or better: it divides it by 2.0 to 2.6"),
        ((0.021, 0.011, 0.0058), "about halves the error"),
        ((0.021, 0.014, 0.0039), "lowers the error, at least once by less than half"),
        ((0.021, 0.022, 0.0039), "does not always lower the error"),
    ],
)
def test_what_a_doubling_does_is_computed(made, params, charts, errors, words):
    rows = made_up.tables()["autoencoder/sizes"]
    for row, error in zip(rows[::2], errors, strict=True):
        row["mse"] = error
    made_up.write(made, series={"autoencoder/sizes": rows})
    assert words in pages(params, charts)[1]


def test_another_latent_tells_its_own_story(made, params, charts):
    content = made_up.metrics()["autoencoder"] | {"latent": 64, "mse": 0.0039}
    made_up.write(made, numbers={"autoencoder": content})
    page, markdown = pages(params, charts)
    assert "a digit through 64 numbers" in markdown
    assert "dvc exp run -S latent=128" in markdown
    assert "pass it through\n64 numbers" in markdown
    assert "latent=64" not in markdown
    assert "128" in page


def test_little_results_are_a_report_too(made, params, charts):
    """One size, one temperature, no mistake, no invented digit, no damage that helps or harms."""
    few = made_up.tables()
    series = {
        "autoencoder/sizes": few["autoencoder/sizes"][2:4],
        "autoencoder/classes": [row for row in few["autoencoder/classes"] if row["latent"] == 32],
        "textgen/temperature": few["textgen/temperature"][:1],
        "denoiser/recognition": [
            row | {"difference": 0.0, "low": -0.1, "high": 0.1} for row in few["denoiser/recognition"]
        ],
    }
    texts = {"samples": made_up.texts()["samples"][:1], "mistakes": [], "invented": []}
    made_up.write(made, series=series, words=texts)
    build.main(params)
    told = " ".join(artifacts.read_text(build.MARKDOWN).split())
    assert "doubling" not in told
    assert "reading is better for nothing" in told
    assert "Short ones among the mistakes" not in told


def test_a_report_is_the_same_bytes_again(made, params):
    build.main(params)
    first = {path: path.read_bytes() for path in made.glob("report/**/*") if path.is_file()}
    build.main(params)
    assert first == {path: path.read_bytes() for path in made.glob("report/**/*") if path.is_file()}
    assert len(first) > 20
    assert sum(map(len, first.values())) < 1_500_000


def test_the_page_is_whole_and_alone(made, params, charts):
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


def test_both_forms_tell_the_same(made, params, charts):
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


def test_an_unformatted_number_is_refused(made, params, charts):
    with pytest.raises(TypeError, match="neither formatted nor said"):
        build.ForGit(charts).mark(build.measured({"a": 1.5}, "x")["a"])


@pytest.mark.parametrize("path", ["metrics/textgen.json", "plots/denoiser/recognition.csv", "data/raw/text.json"])
def test_a_missing_result_is_one_line(made, params, path):
    (made / path).unlink()
    with pytest.raises(StageError, match=f"^{re.escape(path)} does not exist; `dvc repro` makes it"):
        build.main(params)


def test_a_report_needs_no_tensorflow():
    code = "import sys, stages.report.build; sys.exit(bool({'keras', 'tensorflow', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


def test_an_interval_is_judged_by_zero():
    measured = build.measured({"a": [0.0, 1.0]}, "file")["a"]
    word = story.verdict(measured)
    assert word == "as good as equal"
    assert word.sources == {"file a"}


def test_measured_numbers_keep_their_sources():
    m = build.measured({"a": 3, "b": {"c": 2.0}}, "f")
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


@pytest.mark.parametrize(
    ("some", "told"),
    [
        ([0.1], "0.1"),
        ([0.2, 0.4], "0.2, 0.4"),
        ([0.2, 0.3, 0.4, 0.5], "0.2 to 0.5"),
        ([0.1, 0.2, 0.3, 0.5], "0.1, 0.2, 0.3, 0.5"),
    ],
)
def test_neighbouring_strengths_are_a_span(some, told):
    assert story.spanned(some, [0.1, 0.2, 0.3, 0.4, 0.5]) == told


def test_who_is_ahead_at_which_noise_is_told():
    def rows(**best: str) -> list[dict]:
        return [
            {"noise_std": std, "method": name, "psnr": 2.0 if name == leader else 1.0}
            for std, leader in ((0.1, best["weak"]), (0.5, best["strong"]))
            for name in ("conv denoiser", "noisy")
        ]

    assert story.leads(rows(weak="noisy", strong="conv denoiser")) == "the conv denoiser is ahead at 0.5; noisy at 0.1"
    told = "the conv denoiser is ahead at every strength"
    assert story.leads(rows(weak="conv denoiser", strong="conv denoiser")) == told
    assert story.leads(rows(weak="noisy", strong="noisy")) == "the conv denoiser is ahead at none; noisy at 0.1, 0.5"


def test_a_run_that_learned_nothing_is_told_so(made, params, charts):
    content = made_up.metrics()
    content["autoencoder"]["mean_digit_mse"] = 0.002
    content["denoiser"]["recognition"] |= {"noisy": 0.6, "conv": 0.1}
    made_up.write(made, numbers=content)
    told = " ".join(pages(params, charts)[1].split())
    assert "painting the mean digit every time would be better" in told
    assert "denoising gives nothing back" in told


def test_every_filter_has_a_name_to_read():
    assert set(story.FILTERS) == set(baselines.METHODS)
