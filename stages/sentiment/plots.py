"""Curves, the confusion matrix and pictures of the classifier's results."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import classification_report, confusion_matrix

from stages.core import artifacts
from stages.evaluation import charts
from stages.sentiment import scores, thresholds
from stages.sentiment.examples import plain
from stages.sentiment.scores import CLASSES

PLOTS = "plots/sentiment"
SHOWN = 3  # mistakes of each class in the picture


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
    accuracies += [f"  {name + ' branch':<18}{row['accuracy']:.4f}" for name, row in metrics["branches"].items()]
    for name, row in metrics["versus"].items():
        low, high = row["interval"]
        accuracies.append(
            f"{name:<20}{metrics['baselines'][name]['accuracy']:.4f}   network minus {name} {row['difference']:+.4f}, "
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
