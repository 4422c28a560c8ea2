"""The classifier: what each choice of threshold costs, where it fails, and whether its probabilities are calibrated."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from stages.evaluation import charts
from stages.report import results
from stages.report.results import Row, table
from stages.report.wording import FEW, compared, verdict

CALIBRATED = 0.03  # highest expected calibration error of probabilities that the report calls well calibrated
MISTAKES = 2  # of each class: the shortest of the most confident ones
FIRST, LAST = 110, 120  # characters of a long review


def variables() -> Row:
    """Variables of the classifier's section, beyond its metrics."""
    metrics = results.measured("sentiment")
    versus, items = metrics["versus"], metrics["reviews"]["test"]
    return {
        "verdict": verdict(versus["nb"]["interval"], items),
        **{f"compared_with_{name}": compared(versus[name]["interval"], items) for name in ("nb", "tfidf")},
        "few": items < FEW,
        "goals": goals(metrics),
        "filter": metrics["operating"]["precision_95"],
        "finder": metrics["operating"]["recall_99"],
        "mistakes": mistakes(metrics["mistakes"]),
        "kinds": kinds(metrics),
        "capabilities": metrics["behaviour"]["capabilities"],
        "calibrated": metrics["calibration_error"] <= CALIBRATED,
        "calibration_bound": CALIBRATED,
        "widest_gap": widest_gap(table("sentiment/calibration")),
        "benchmarked": results.packaged("reviews"),
    }


METHODS = {
    "network": "network",
    "lstm": "LSTM branch alone",
    "ngrams": "n-gram branch alone",
    "nb": "NB-weighted n-grams + logistic regression, tuned",
    "tfidf": "TF-IDF + logistic regression, tuned",
}


def kinds(metrics: Row) -> list[Row]:
    """Reviews, and each further source: its numbers of texts, each method's accuracy, and the network minus it."""
    found = []
    for name, some in {"reviews": metrics, **metrics["sources"]}.items():
        parts, differences = some["reviews"], {key: one["interval"] for key, one in some["versus"].items()}
        accuracies = {key: one["accuracy"] for key, one in (some["branches"] | some["baselines"]).items()}
        accuracies |= {"network": some["accuracy"]}
        intervals = differences | {"network": some["accuracy_interval"]}
        rows = [
            {"title": title, "accuracy": accuracies[key], "interval": intervals[key]} for key, title in METHODS.items()
        ]
        for row in rows:
            row["best"] = row["accuracy"] == max(one["accuracy"] for one in rows)
        verdicts = {key: compared(difference, parts["test"]) for key, difference in differences.items()}
        found.append({"name": name, "parts": parts, "rows": rows, "compared": verdicts})
    return found


def goals(metrics: Row) -> list[Row]:
    """The thresholds that were chosen on validation reviews, each with its goal and its errors per 1,000 reviews."""
    rows = []
    for key, point in metrics["operating"].items():
        measure, _, percent = key.partition("_")
        goal = "highest accuracy" if key == "tuned" else f"{measure} of {percent} %"
        errors = point["false_alarms_per_1000"] + point["misses_per_1000"]
        rows.append({**point, "goal": goal, "errors": errors})
    return rows


def mistakes(rows: Sequence[Row]) -> list[Row]:
    """The shortest of the most confident mistakes of each class."""
    chosen = []
    for name in ("negative", "positive"):
        some = sorted((row for row in rows if row["actual"] == name), key=lambda row: len(row["text"]))
        chosen += [row | {"text": shortened(row["text"])} for row in some[:MISTAKES]]
    return chosen


def widest_gap(rows: Sequence[Row]) -> Row | None:
    """Of the bins with `FEW` reviews or more the one whose observed share is farthest from the predicted one."""
    full = [row for row in rows if row["method"] == "network" and row["reviews"] >= FEW]
    return max(full, key=lambda row: abs(row["observed"] - row["predicted"]), default=None)


def shortened(text: str) -> str:
    """A review without line breaks; of a long one, its beginning and its end."""
    text = " ".join(text.replace("<br />", " ").split())
    if len(text) <= FIRST + LAST:
        return text
    return f"{text[:FIRST].rpartition(' ')[0]} […] {text[-LAST:].partition(' ')[2]}"


def figures() -> Iterator[tuple[str, Figure]]:
    """Loss, layers, precision and recall, calibration."""
    yield "sentiment-loss", charts.losses(table("sentiment/history"), "nats per review")
    yield "sentiment-plan", charts.plan(table("sentiment/layers"))

    curves = results.curves(table("sentiment/precision_recall"), "recall", "precision", "method")
    right = {name: (recall[-51:], precision[-51:]) for name, (recall, precision) in curves.items()}
    x, y = "recall: share of the positive reviews that are found", "precision: share of the found that are positive"
    chart = charts.lines(right, x_label=x, y_label=y, markers=False)
    tuned = results.measured("sentiment")["operating"]["tuned"]
    chart.axes[0].plot([tuned["recall"]], [tuned["precision"]], "o", markersize=8, fillstyle="none", color="black")
    yield "sentiment-tradeoff", chart

    thresholds = results.curves(table("sentiment/thresholds"), "threshold", "value", "method")
    chart = charts.lines(thresholds, x_label="threshold on the probability", y_label="share", markers=False)
    yield "sentiment-thresholds", chart

    rows = [row for row in table("sentiment/calibration") if row["method"] == "network"]
    observed, x = results.curves(rows, "predicted", "observed", "method"), "predicted probability of a positive review"
    chart = charts.lines(observed, x_label=x, y_label="share that is positive")
    chart.axes[0].plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":")
    yield "sentiment-calibration", chart
