"""The classifier: what each choice of threshold costs, where it fails, and whether its probabilities are calibrated."""

from collections.abc import Sequence
from typing import Any

from stages.report.context.wording import compared, than, verdict
from stages.report.measured import Measured, Word, sources_of
from stages.report.results import REVIEW_SIZES, by_size

Row = dict[str, Any]

CALIBRATED = 0.03  # highest expected calibration error of probabilities that the report calls well calibrated
MISTAKES = 2  # of each class: the shortest of the most confident ones
FIRST, LAST = 300, 400  # characters of a long review


def variables(metrics: Row, table: Any, texts: Row) -> Row:
    """Variables of the classifier's section, beyond its metrics."""
    precise, sensitive = metrics["operating"]["precision_95"], metrics["operating"]["recall_99"]
    slices = table("sentiment/slices")
    groups = {name: extremes([row for row in slices if row["group"] == name]) for name in ("length", "negation")}
    return {
        "verdict": verdict(metrics["versus"]["nb"]["interval"]),
        **{f"compared_with_{name}": compared(metrics["versus"][name]["interval"]) for name in ("nb", "tfidf")},
        "goals": goals(metrics),
        "filter": precise,
        "finder": sensitive,
        "alarms": than(
            sensitive["false_alarms_per_1000"],
            precise["false_alarms_per_1000"],
            "more than",
            "fewer than",
            "as many as",
        ),
        "by_length": groups["length"],
        "by_negation": groups["negation"],
        "mistakes": mistakes(texts["mistakes"]),
        "examples": texts["reviews"],
        "capabilities": capabilities(metrics),
        "weakest": weakest(metrics),
        "contributions": [
            {"name": name, **metrics["branches"][key]}
            for key, name in {"lstm": "LSTM", "sentence": "sentence", "ngrams": "n-gram"}.items()
        ],
        "sentence_thresholds": list(metrics["sentences"]["thresholds"].values()),
        "sentences_calibrated": metrics["sentences"]["calibration_error"]["network"] <= CALIBRATED,
        "worst_sentences": texts["sentences"]["worst"],
        "calibrated": metrics["calibration_error"] <= CALIBRATED,
        "few_reviews": few_reviews(table(REVIEW_SIZES)),
        "gain": than(
            metrics["accuracy"],
            metrics["branches"]["ngrams"]["accuracy"],
            "higher than",
            "lower than",
            "the same as",
        ),
    }


def few_reviews(rows: list[Row]) -> list[Row]:
    """For each number of labelled reviews: mean accuracies over the seeds, and how often the network was worse.

    It was worse in a draw where the whole interval of its difference to the better baseline lies below 0.
    """
    found = []
    for some in by_size(rows, "reviews").values():
        keys = ("network", "nb", "tfidf", "minus_better_baseline", "threshold")
        means = {key: sum(row[key] for row in some) / len(some) for key in keys}
        worse = [Measured(float(bool(row["high"] < 0)), sources_of(row["high"])) for row in some]
        found.append({"reviews": some[0]["reviews"], **means, "draws": Word(f"{len(some)}", []), "worse": sum(worse)})
    return found


def capabilities(metrics: Row) -> list[Row]:
    """The scores on short sentences, a row per capability."""
    return [{"capability": name.replace("_", " "), **row} for name, row in metrics["sentences"]["capabilities"].items()]


def weakest(metrics: Row) -> Row:
    """The capability in which the network scores lowest."""
    rows = capabilities(metrics)
    row = min(rows, key=lambda row: row["network"])
    return row | {"capability": Word(row["capability"], sources_of([one["network"] for one in rows]))}


def goals(metrics: Row) -> list[Row]:
    """The thresholds that were chosen on validation reviews, each with its goal and its errors per 1,000 reviews."""
    rows = []
    for key, point in {"tuned": metrics["tuned"], **metrics["operating"]}.items():
        measure, _, percent = key.partition("_")
        goal = "highest accuracy" if key == "tuned" else f"{measure} of {percent} %"
        errors = point["false_alarms_per_1000"] + point["misses_per_1000"]
        rows.append({**point, "goal": goal, "errors": errors})
    return rows


def mistakes(rows: Sequence[Row]) -> list[Row]:
    """The shortest of the most confident mistakes of each class."""
    chosen = []
    for name in ("negative", "positive"):
        some = [row | {"text": shortened(row["text"])} for row in rows if row["actual"] == name]
        chosen += sorted(some, key=lambda row: len(row["text"]))[:MISTAKES]
    return chosen


def extremes(rows: Sequence[Row]) -> Row:
    """The best and the worst slice of a group, and whether their 95 % intervals are disjoint."""
    best, worst = max(rows, key=lambda row: row["accuracy"]), min(rows, key=lambda row: row["accuracy"])
    return {"best": best, "worst": worst, "disjoint": worst["high"] < best["low"]}


def shortened(text: str) -> str:
    """A review without line breaks; of a long one, its beginning and its end."""
    text = " ".join(text.replace("<br />", " ").split())
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]} […] {text[-LAST:]}"
