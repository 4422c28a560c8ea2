"""Curves, the confusion matrix and pictures of the classifier's results."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import classification_report, confusion_matrix

from stages.core import artifacts
from stages.evaluation import charts, measures
from stages.sentiment import scores, thresholds
from stages.sentiment.encoding import LINE_BREAK, tokenise
from stages.sentiment.scores import CLASSES

PLOTS = "plots/sentiment"
SHORT = 60  # words: an example that can be read at a glance
LISTED = 20  # mistakes of each class that are kept
SHOWN = 3  # and in the picture


def write(
    model: Any,
    actual: np.ndarray,
    methods: Mapping[str, np.ndarray],
    evaluation: Mapping[str, Any],
    texts: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """Write the curves and pictures of the test reviews, n of them.

    Args:
        model: the classifier.
        actual: 0 or 1, shape (n,).
        methods: probability of a positive review by method, shape (n,) each.
        evaluation: the measures.
        texts: the reviews.
        seed: of the intervals' bootstrap.

    Returns:
        Reviews to read: `examples` and `mistakes`.
    """
    shown = {"network": "network", "nb": "NB n-grams", "tfidf": "TF-IDF"}
    predicted, tokens = methods["network"], [tokenise(text) for text in texts]
    write_curves(actual, {title: methods[name] for name, title in shown.items()})
    artifacts.write_png(f"{PLOTS}/report.png", report_page(actual, predicted, evaluation))
    correct = (predicted >= 0.5) == actual
    artifacts.write_csv(f"{PLOTS}/slices.csv", scores.slices(correct, actual, tokens, seed=seed))
    artifacts.write_csv(f"{PLOTS}/layers.csv", measures.layers(model))
    bars = [
        {"group": f"{row['capability']}: {side}", "accuracy": row["network"][side]}
        for row in evaluation["behaviour"]["capabilities"]
        for side in CLASSES
    ]
    artifacts.write_csv(f"{PLOTS}/behaviour.csv", bars)
    mistakes = confident_mistakes(actual, predicted, texts)
    artifacts.write_png(f"{PLOTS}/mistakes.png", mistakes_page(mistakes))
    return {"examples": short(actual, predicted, texts, tokens), "mistakes": mistakes}


def write_curves(actual: np.ndarray, probabilities: Mapping[str, np.ndarray]) -> None:
    """Write the curves and the confusion matrix; the first of `probabilities` is the network's."""
    ours = next(iter(probabilities.values()))
    predicted = (ours >= 0.5).astype(int)
    confusion = [{"actual": CLASSES[a], "predicted": CLASSES[p]} for a, p in zip(actual, predicted, strict=True)]
    artifacts.write_csv(f"{PLOTS}/confusion.csv", confusion)
    counts = confusion_matrix(actual, predicted, labels=[0, 1])
    title = f"{len(actual)} test reviews"
    artifacts.write_png(f"{PLOTS}/confusion.png", charts.matrix(counts, labels=CLASSES, title=title))
    report = classification_report(actual, predicted, labels=[0, 1], target_names=CLASSES, output_dict=True)
    artifacts.write_csv(
        f"{PLOTS}/report.csv",
        [
            {"measure": f"{name}: {measure}", "value": report[name][measure]}
            for name in CLASSES
            for measure in ("precision", "recall", "f1-score")
        ],
    )
    curves = {name: scores.precision_recall(actual, probability) for name, probability in probabilities.items()}
    artifacts.write_csv(
        f"{PLOTS}/precision_recall.csv",
        [
            {"recall": recall, "precision": precision, "method": name}
            for name, curve in curves.items()
            for recall, precision in zip(*curve, strict=True)
        ],
    )
    artifacts.write_png(
        f"{PLOTS}/precision_recall.png",
        charts.lines(
            {name: tuple(values[-51:] for values in curve) for name, curve in curves.items()},
            title="Precision against recall",
            x_label="recall: share of the positive reviews that are found",
            y_label="precision: share of the found that are positive",
        ),
    )
    rows = [(threshold, thresholds.quality(actual, ours, threshold)) for threshold in thresholds.THRESHOLDS[1::4]]
    artifacts.write_csv(
        f"{PLOTS}/thresholds.csv",
        [
            {"threshold": threshold, "value": measured[name], "method": name}
            for name in ("precision", "recall", "accuracy")
            for threshold, measured in rows
        ],
    )
    calibration = [{**row, "method": "network"} for row in scores.calibration_curve(actual, ours)]
    ideal = [{"predicted": at, "observed": at, "reviews": 0, "method": "perfect"} for at in (0.0, 1.0)]
    artifacts.write_csv(f"{PLOTS}/calibration.csv", [*calibration, *ideal])


def report_page(actual: np.ndarray, probability: np.ndarray, metrics: Mapping[str, Any]) -> Figure:
    """A picture of scikit-learn's classification report, the operating points and the comparison with the baselines."""
    predicted = (probability >= 0.5).astype(int)
    report = classification_report(actual, predicted, labels=[0, 1], target_names=CLASSES, digits=3)
    points = {"accuracy": metrics["tuned"], **metrics["operating"]}
    goals = ["goal (on validation)   threshold  precision  recall"] + [
        f"{goal.replace('_', ' >= 0.'):<24}{row['threshold']:>8.3f}{row['precision']:>11.3f}{row['recall']:>8.3f}"
        for goal, row in points.items()
    ]
    low, high = metrics["accuracy_interval"]
    accuracies = [f"network             {metrics['accuracy']:.4f}   95 % interval {low:.4f} to {high:.4f}"]
    for name, row in metrics["versus"].items():
        low, high = row["interval"]
        other = (metrics["branches"] | metrics["baselines"])[name]["accuracy"]
        accuracies.append(
            f"{name:<20}{other:.4f}   network minus {name} {row['difference']:+.4f}, "
            f"{low:+.4f} to {high:+.4f}, McNemar p = {row['mcnemar_p']:.2g}"
        )
    passages = {
        "Test reviews, at 0.5": report.rstrip("\n"),
        "Thresholds that reach a goal on validation reviews": "\n".join(goals),
        "Accuracy": "\n".join(accuracies),
    }
    return charts.text_page(passages, title="Sentiment of film reviews", width=96)


def mistakes_page(mistakes: list[dict[str, Any]]) -> Figure:
    """The most confident mistakes of each class as a picture; of a long review, its beginning and its end."""
    passages = {}
    for name in CLASSES:
        for number, row in enumerate([row for row in mistakes if row["actual"] == name][:SHOWN], start=1):
            text = plain(row["text"])
            text = text if len(text) <= 700 else f"{text[:300]} [...] {text[-400:]}"
            passages[f"{number}. {name}; predicted: positive with probability {row['probability']:.3f}"] = text
    return charts.text_page(passages or {"none": "no mistakes"}, title="The most confident mistakes", width=110)


def short(
    actual: np.ndarray, probability: np.ndarray, texts: np.ndarray, tokens: list[list[str]]
) -> list[dict[str, Any]]:
    """The first test review of each class with at most `SHORT` words, or its shortest: not chosen by hand."""
    lengths = np.array([len(words) for words in tokens])
    chosen = []
    for label, name in enumerate(CLASSES):
        rows = np.flatnonzero(actual == label)
        brief = rows[lengths[rows] <= SHORT]
        row = brief[0] if len(brief) else rows[np.argmin(lengths[rows])]
        chosen.append({"actual": name, "probability": probability[row], "text": plain(texts[row])})
    return chosen


def confident_mistakes(actual: np.ndarray, probability: np.ndarray, texts: np.ndarray) -> list[dict[str, Any]]:
    """The misclassified reviews with the most confident predictions: `LISTED` of each class, most confident first."""
    mistakes = []
    for label, name in enumerate(CLASSES):
        wrong = np.flatnonzero((actual == label) & ((probability >= 0.5) != actual))
        surest = wrong[np.argsort(-np.abs(probability[wrong] - 0.5), kind="stable")][:LISTED]
        mistakes += [{"actual": name, "probability": probability[row], "text": texts[row]} for row in surest]
    return mistakes


def plain(text: str) -> str:
    """A review on one line, without `<br />`."""
    return " ".join(LINE_BREAK.sub(" ", text).split())
