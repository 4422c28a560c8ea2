"""Words and comparisons follow from the results, whatever these are."""

import html
import re

import pytest

from stages.core import artifacts
from stages.denoiser import baselines
from stages.evaluation.methods import FILTERS
from stages.report import build, measured, results
from stages.report.context import wording
from stages.report.context.denoiser import leads
from tests.report import made_up
from tests.report.conftest import pages

VERDICTS = {
    # metric, sign of "better", where the report says so
    ("autoencoder", "mse_minus_pca_interval"): (-1, r"The autoencoder \*\*(.+?)\*\* PCA"),
    ("denoiser", "conv_minus_best_filter.psnr_interval"): (1, r"the conv denoiser \*\*(.+?)\*\*"),
    ("denoiser", "conv_minus_classical.psnr_interval"): (1, r"\bIt\s(.+?) non-local means"),
    ("denoiser", "conv_minus_dense.psnr_interval"): (1, r"\) and (.+?) the dense denoiser"),
    ("textgen", "nats_minus_ngram_interval"): (-1, r"text model \*\*(.+?)\*\* the n-grams"),
    ("sentiment", "versus.nb.interval"): (1, r"The network \*\*(.+?)\*\* NB-weighted"),
    ("sentiment", "versus.tfidf.interval"): (1, r"and\s\*\*(.+?)\*\* TF-IDF"),
}


@pytest.mark.parametrize("where", VERDICTS, ids=lambda where: ".".join(where))
def test_a_comparing_word_follows_the_sign(made, params, charts, where):
    task, key = where
    sign, pattern = VERDICTS[where]
    words = ("is better than", "is worse than", "does not differ significantly from")
    for interval, word in zip(([0.1, 0.2], [-0.2, -0.1], [-0.1, 0.2]), words, strict=True):
        evaluation = made_up.texts()["text"] if task == "textgen" else None
        content = evaluation or made_up.metrics()[task]
        *parents, last = key.split(".")
        holder = content
        for parent in parents:
            holder = holder[parent]
        holder[last] = interval if sign > 0 else [-bound for bound in reversed(interval)]
        artifacts.write_json(results.TEXTS["text"] if evaluation else f"metrics/{task}.json", content)
        _, markdown = pages(params, charts)
        assert re.search(pattern, " ".join(markdown.split()))[1] == word


def test_helping_and_harming_follow_the_intervals(made, params, charts):
    _, markdown = pages(params, charts)
    assert "better for noise (0.5) and blur (1.5)" in " ".join(markdown.split())
    assert "Recognition is worse for faded (0.3)." in " ".join(markdown.split())
    rows = made_up.tables()["denoiser/recognition"]
    for row in rows:
        row["difference"], row["low"], row["high"] = -row["difference"], -row["high"], -row["low"]
    made_up.write(made, series={"denoiser/recognition": rows})
    _, markdown = pages(params, charts)
    assert "Recognition is worse for noise (0.5) and blur (1.5)." in " ".join(markdown.split())
    assert "better for faded (0.3)" in " ".join(markdown.split())


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ((0.021, 0.0103, 0.0039), "Each doubling of the code at least halves the error: it divides it by 2.0 to 2.6"),
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


def test_another_latent_changes_the_text(made, params, charts):
    content = made_up.metrics()["autoencoder"] | {"latent": 64, "mse": 0.0039}
    made_up.write(made, numbers={"autoencoder": content})
    page, markdown = pages(params, charts)
    assert "digits encoded as 64 numbers" in markdown
    assert "dvc exp run -S latent=128" in markdown
    assert "encodes it as\n64 numbers" in markdown
    assert "latent=64" not in markdown
    assert "128" in page


def test_few_results_give_a_report_too(made, params, charts):
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
    text = " ".join(artifacts.read_text(build.MARKDOWN).split())
    assert "doubling" not in text
    assert "recognition is better for none" in text
    assert "Short reviews among the most confident errors" not in text


def test_a_run_that_learned_nothing_is_described_so(made, params, charts):
    content = made_up.metrics()
    content["autoencoder"]["mean_digit_mse"] = 0.002
    content["denoiser"]["recognition"] |= {"noisy": 0.6, "conv": 0.1}
    made_up.write(made, numbers=content)
    text = " ".join(pages(params, charts)[1].split())
    assert "the mean digit would be a better reconstruction" in text
    assert "denoising recovers none of what the noise cost" in text


def test_a_verdict_depends_on_whether_zero_is_inside():
    interval = measured.measured({"a": [0.0, 1.0]}, "file")["a"]
    word = wording.verdict(interval)
    assert word == "no significant difference"
    assert word.sources == {"file a"}


@pytest.mark.parametrize(
    ("some", "text"),
    [
        ([0.1], "0.1"),
        ([0.2, 0.4], "0.2, 0.4"),
        ([0.2, 0.3, 0.4, 0.5], "0.2 to 0.5"),
        ([0.1, 0.2, 0.3, 0.5], "0.1, 0.2, 0.3, 0.5"),
    ],
)
def test_neighbouring_strengths_are_a_span(some, text):
    assert wording.spanned(some, [0.1, 0.2, 0.3, 0.4, 0.5]) == text


def test_the_best_method_at_each_noise_level():
    def rows(**best: str) -> list[dict]:
        return [
            {"noise_std": std, "method": name, "psnr": 2.0 if name == leader else 1.0}
            for std, leader in ((0.1, best["weak"]), (0.5, best["strong"]))
            for name in ("conv denoiser", "noisy")
        ]

    assert leads(rows(weak="noisy", strong="conv denoiser")) == "the conv denoiser is best at 0.5; noisy at 0.1"
    text = "the conv denoiser is best at every strength"
    assert leads(rows(weak="conv denoiser", strong="conv denoiser")) == text
    assert leads(rows(weak="noisy", strong="noisy")) == "the conv denoiser is best at none; noisy at 0.1, 0.5"


def test_every_filter_has_a_name():
    assert set(FILTERS) == set(baselines.METHODS)


def test_the_paper_of_the_reviews_is_cited_for_its_own_data_only(made, params, charts):
    assert "maas" not in pages(params, charts)[1]
    artifacts.write_json("data/raw/reviews.json", {"dataset": "IMDB reviews (Maas et al. 2011)", "licence": "none"})
    markdown = pages(params, charts)[1]
    assert markdown.count("](#maas)") == 1
    assert '<a id="maas">' in markdown


def test_classes_with_names_are_called_by_them(made, params):
    """Of two classes and of many: in the text, in the chart, in the cards; no digits of other people beside them."""
    for names in (["cat", "1e3"], [f"<b>*{number}* $x$" for number in range(26)]):
        tables = made_up.tables()
        classes = [
            {"latent": 32, "method": f"{method}, 32", "digit": name, "mse": 0.01 + place / 999}
            for method in ("autoencoder", "PCA")
            for place, name in enumerate(names)
        ]
        series = {
            "autoencoder/sizes": tables["autoencoder/sizes"][2:4],
            "autoencoder/classes": classes,
            "denoiser/recognition": [row for row in tables["denoiser/recognition"] if row["digits"] == "test digits"],
        }
        invented = [made_up.texts()["invented"][0] | {"digit": names[0], "read_as": names[-1]}]
        made_up.write(made, series=series, words={"invented": invented})
        artifacts.write_json("data/raw/digits.json", {"dataset": "pictures", "licence": "none", "classes": names})
        build.main(params)
        text = html.unescape(" ".join(artifacts.read_text(build.MARKDOWN).split()))
        assert f"The hardest class is {names[-1]}, with" in text
        assert f"The classes: {names[0]}" in text
        assert f"a {names[0]} (faded 0.3) that was recognised before is read as {names[-1]} after" in text
        assert ("The first test digit of each class." in text) == (len(names) == 2)
        assert ("The first test digit of 10 of the 26 classes." in text) == (len(names) == 26)
        assert "another collection" not in text
        assert f"Worst copied: {names[-1]}." in html.unescape(artifacts.read_text("report/cards/autoencoder.md"))
        chart = html.unescape(artifacts.read_text("report/charts/autoencoder-classes.svg"))
        assert all(f">{name}<" in chart for name in names)
        assert ">class<" in chart
    assert "<b>*" not in artifacts.read_text(build.PAGE)
