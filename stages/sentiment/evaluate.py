"""evaluate-sentiment: the classifier beside n-gram baselines, on reviews it never saw.

With options, `measure` alone, on other reviews: see stages/evaluation/external.py.
"""
# ruff: noqa: E402

from stages.evaluation import external

OPTIONS = external.options(__name__, "sentiment")  # before TensorFlow is imported

import argparse
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    classification_report,
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS
from stages.evaluation import charts, measures
from stages.params import Params
from stages.sentiment import baselines, batches
from stages.sentiment import model as network
from stages.sentiment.preprocess import (
    LINE_BREAK,
    NGRAMS,
    RAW,
    UNKNOWN,
    VOCABULARY,
    arrays_of,
    encode,
    numbers,
    tokenise,
)
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.train import MODEL
from stages.sentiment.train import ratios as log_ratios

METRICS = "metrics/sentiment.json"
MISTAKES = "data/sentiment/mistakes.json"
EXAMPLES = "data/sentiment/examples.json"
PLOTS = "plots/sentiment"
CLASSES = ("negative", "positive")
THRESHOLDS = np.arange(1, 200) / 200
BINS = 10
SHOWN = 3  # mistakes of each kind in the picture; the file has more
LISTED = 20
SHORT = 60  # words: an example that is read at a glance
NEGATIONS = frozenset(("no", "not", "never", "nothing", "nobody", "none", "neither", "nor", "without", "cannot"))


def main(params: Params) -> None:
    sizes = params.sentiment.network
    data = artifacts.read_npz(DATA)
    labels = {part: data[f"{part}_labels"].astype(int) for part in PARTS}
    model = artifacts.read_model(MODEL)
    branches, weights = network.branches(model), network.weights(model)
    logits = {
        part: network.logits(branches, batches.reviews(data, part, sizes), sizes.pool)
        for part in ("validation", "test")
    }
    probability = {part: network.probability(values, weights) for part, values in logits.items()}
    orders = artifacts.read_npz(NGRAMS)["orders"]
    rivals = {
        "tfidf": baselines.tfidf(data, labels, orders, seed=params.seed),
        "nb": baselines.naive_bayes(data, labels, orders, seed=params.seed),
    }

    actual, predicted = labels["test"], probability["test"]
    right = (predicted >= 0.5) == actual
    threshold = best_threshold(labels["validation"], probability["validation"])
    points = operating_points(labels["validation"], probability["validation"])
    metrics = {
        "parameters": model.count_params(),
        "reviews": {part: len(labels[part]) for part in PARTS},
        "positive": actual.mean(),
        **quality(actual, predicted, 0.5),
        "accuracy_interval": measures.interval(right, seed=params.seed),
        "tuned": {
            "threshold": threshold,
            **quality(actual, predicted, threshold),
            **wrong_per_thousand(actual, predicted, threshold),
        },
        **ranking(actual, predicted),
        "branches": {
            name: {"accuracy": np.mean((logit >= 0) == actual), "weight": weight}
            for (name, logit), weight in zip(logits["test"].items(), weights, strict=True)
        },
        "baselines": {name: {"accuracy": np.mean((r.probability >= 0.5) == actual)} for name, r in rivals.items()},
        "versus": {
            name: paired(right, (rival.probability >= 0.5) == actual, seed=params.seed)
            for name, rival in rivals.items()
        },
        "operating": {
            name: {
                "threshold": at,
                **_only(quality(actual, predicted, at), "precision", "recall"),
                **wrong_per_thousand(actual, predicted, at),
            }
            for name, at in points.items()
        },
    }
    artifacts.write_json(METRICS, metrics)
    draw(actual, {"network": predicted, "NB n-grams": rivals["nb"].probability, "TF-IDF": rivals["tfidf"].probability})
    artifacts.write_png(f"{PLOTS}/report.png", report_page(actual, predicted, metrics))
    texts = artifacts.read_csv(RAW)["text"].to_numpy()[data["test_rows"]]
    tokens = [tokenise(text) for text in texts]
    artifacts.write_csv(f"{PLOTS}/slices.csv", slices(right, actual, tokens, seed=params.seed))
    artifacts.write_csv(f"{PLOTS}/layers.csv", measures.layers(model))
    artifacts.write_json(EXAMPLES, examples(actual, predicted, texts, tokens))
    mistakes = confident_mistakes(actual, predicted, texts)
    artifacts.write_json(MISTAKES, mistakes)
    artifacts.write_png(f"{PLOTS}/mistakes.png", mistakes_page(mistakes))
    accuracy = {name: metrics["baselines"][name]["accuracy"] for name in rivals}
    beside = ", ".join(f"{name} {accuracy[name]:.4f} (C = {rival.strength:g})" for name, rival in rivals.items())
    print(f"sentiment: accuracy {metrics['accuracy']:.4f}; {beside}")


def measure(params: Params, options: argparse.Namespace, model: Any, data: Any) -> dict[str, Any]:
    """The measures that need only a model and reviews, of reviews from anywhere.

    Args:
        params: all of params.yaml; `seed` and `sentiment.network` are obeyed.
        options: `limit`, `vocabulary`.
        model: of `network.build`.
        data: `stages.datasets.reviews.Reviews`.
    """
    sizes = params.sentiment.network
    external.need(
        model, {"word_vectors", "log_ratios"} <= {layer.name for layer in model.layers}, "a reader of reviews"
    )
    words, known, training = (options.vocabulary / Path(path).name for path in (VOCABULARY, NGRAMS, DATA))
    ratios = log_ratios(batches.reviews(artifacts.read_npz(training), "train", sizes), sizes.ngrams)
    if not network.trained_on(model, sizes, ratios):
        raise StageError(
            f"the model was not trained on {training} with params.yaml's sentiment.network: it knows others"
        )
    chosen = external.rows(np.array(data.test), options.limit)
    actual = np.array(data.labels)[chosen]
    if len(set(actual)) < 2:
        raise StageError(f"--data: the {len(actual)} reviews should be of both kinds, negative and positive")
    number = numbers(artifacts.read_text(words).splitlines())
    ids = [encode(tokenise(data.texts[row]), number) for row in chosen]
    arrays = {"test_labels": actual, **arrays_of("test", ids, len(number), artifacts.read_npz(known)["keys"])}
    logits = network.logits(network.branches(model), batches.reviews(arrays, "test", sizes), sizes.pool)
    predicted = network.probability(logits, network.weights(model))
    return {
        "reviews": len(actual),
        "positive": np.sum(actual),
        "words": len(arrays["test_words"]),
        "unknown_words": np.sum(arrays["test_words"] == UNKNOWN),
        **quality(actual, predicted, 0.5),
        "accuracy_interval": measures.interval((predicted >= 0.5) == actual, seed=params.seed),
        **ranking(actual, predicted),
    }


def quality(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 of the positive class, when `threshold` and above counts as positive.

    Args:
        actual: 0 or 1, shape (n,).
        probability: of a positive review, shape (n,).
        threshold: in [0, 1].
    """
    predicted = probability >= threshold
    precision, recall, f1, _ = precision_recall_fscore_support(actual, predicted, average="binary", zero_division=0)
    return {"accuracy": accuracy_score(actual, predicted), "precision": precision, "recall": recall, "f1": f1}


def wrong_per_thousand(actual: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """What a threshold costs, in reviews of a thousand: negative ones let through, positive ones missed."""
    predicted = probability >= threshold
    return {
        "false_alarms_per_1000": 1000 * np.mean(predicted & (actual == 0)),
        "misses_per_1000": 1000 * np.mean(~predicted & (actual == 1)),
    }


def slices(right: np.ndarray, actual: np.ndarray, tokens: list[list[str]], *, seed: int) -> list[dict[str, Any]]:
    """Accuracy on parts of the test reviews: by length, in four parts of equal size; by negation; by label.

    Args:
        right: is the network right? Shape (n,).
        actual: 0 or 1, shape (n,).
        tokens: the words of each review.
        seed: of the intervals' bootstrap.

    Returns:
        Rows of `group`, `slice`, `reviews`, `accuracy`, `low` and `high`, its 95 % interval; no row for an empty part.
    """
    lengths = np.array([len(words) for words in tokens])
    edges = np.quantile(lengths, [0.25, 0.5, 0.75]).astype(int)
    quarter = np.searchsorted(edges, lengths, side="left")
    bounds = [1, *(edges + 1), lengths.max() + 1]
    negated = np.array([sum(word in NEGATIONS or word.endswith("n't") for word in words) for words in tokens])
    parts = [
        ("length", f"{low} to {high - 1} words", quarter == i)
        for i, (low, high) in enumerate(itertools.pairwise(bounds))
    ]
    parts += [("negation", "without a negation", negated == 0), ("negation", "with negations", negated > 0)]
    parts += [("label", f"{name} reviews", actual == label) for label, name in enumerate(CLASSES)]
    rows = []
    for group, name, inside in parts:
        if inside.any():
            low, high = measures.interval(right[inside], seed=seed)
            row = {"group": group, "slice": name, "reviews": np.sum(inside), "accuracy": right[inside].mean()}
            rows.append({**row, "low": low, "high": high})
    return rows


def examples(
    actual: np.ndarray, probability: np.ndarray, texts: np.ndarray, tokens: list[list[str]]
) -> list[dict[str, Any]]:
    """The first short test review of each label, or the shortest: chosen by no one."""
    lengths = np.array([len(words) for words in tokens])
    chosen = []
    for label, name in enumerate(CLASSES):
        rows = np.flatnonzero(actual == label)
        short = rows[lengths[rows] <= SHORT]
        row = short[0] if len(short) else rows[np.argmin(lengths[rows])]
        chosen.append({"actual": name, "probability": probability[row], "text": plain(texts[row])})
    return chosen


def plain(text: str) -> str:
    """A review on one line, without `<br />`."""
    return " ".join(LINE_BREAK.sub(" ", text).split())


def ranking(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Measures of the probabilities that depend on no threshold; arguments as for `quality`."""
    return {
        "roc_auc": roc_auc_score(actual, probability),
        "average_precision": average_precision_score(actual, probability),
        "calibration_error": calibration_error(actual, probability),
    }


def best_threshold(actual: np.ndarray, probability: np.ndarray) -> float:
    """The threshold of `THRESHOLDS` with the highest accuracy, of equal ones the nearest to 0.5.

    To be called with validation reviews: chosen on those it is judged by, a threshold would look better than it is.
    """
    accuracy = [np.mean((probability >= threshold) == actual) for threshold in THRESHOLDS]
    best = THRESHOLDS[np.isclose(accuracy, max(accuracy))]
    return float(best[np.argmin(np.abs(best - 0.5))])


def operating_points(actual: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Thresholds that reach a recall or a precision at the least cost of the other; from validation reviews.

    Where none of `THRESHOLDS` reaches the goal, the nearest to it.
    """
    measured = [quality(actual, probability, threshold) for threshold in THRESHOLDS]
    precision, recall = (np.array([row[name] for row in measured]) for name in ("precision", "recall"))

    def highest(goal: float) -> float:
        reached = np.flatnonzero(recall >= goal)
        return float(THRESHOLDS[reached[-1] if len(reached) else 0])

    reached = np.flatnonzero(precision >= 0.95)
    precise = float(THRESHOLDS[reached[0] if len(reached) else np.argmax(precision)])
    return {f"recall_{percent}": highest(percent / 100) for percent in (90, 95, 99)} | {"precision_95": precise}


def calibration_curve(actual: np.ndarray, probability: np.ndarray) -> list[dict[str, Any]]:
    """Reviews in `BINS` equally wide bins of the predicted probability: mean prediction, share positive, number."""
    number = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        {
            "predicted": probability[number == i].mean(),
            "observed": actual[number == i].mean(),
            "reviews": np.sum(number == i),
        }
        for i in np.unique(number)
    ]


def calibration_error(actual: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error: mean gap between predicted probability and share of positives, weighted by reviews.

    Over `BINS` equally wide bins of the probability of the positive class. Source: Naeini, Cooper & Hauskrecht 2015,
    "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI, p. 2903.
    """
    curve = calibration_curve(actual, probability)
    return sum(row["reviews"] * abs(row["predicted"] - row["observed"]) for row in curve) / len(actual)


def paired(right: np.ndarray, rival_right: np.ndarray, *, seed: int) -> dict[str, Any]:
    """The network against a rival on the same reviews.

    Args:
        right: is the network right? Shape (n,).
        rival_right: is the rival right?
        seed: of the bootstrap.

    Returns:
        The difference of the accuracies, its 95 % interval by paired bootstrap, and the p-value of McNemar's exact
        test: how probable so uneven a share of the reviews that one alone gets right would be, were both equally good.
    """
    ours, theirs = int(np.sum(right & ~rival_right)), int(np.sum(rival_right & ~right))
    difference = right.astype(float) - rival_right
    return {
        "difference": difference.mean(),
        "interval": measures.interval(difference, seed=seed),
        "mcnemar_p": binomtest(ours, ours + theirs).pvalue if ours + theirs else 1.0,
    }


def draw(actual: np.ndarray, probabilities: Mapping[str, np.ndarray]) -> None:
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
    curves = {name: thinned_curve(actual, probability) for name, probability in probabilities.items()}
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
            title="What more recall costs",
            x_label="recall: share of the positive reviews that are found",
            y_label="precision: share of the found that are positive",
        ),
    )
    rows = [(threshold, quality(actual, ours, threshold)) for threshold in THRESHOLDS[1::4]]
    artifacts.write_csv(
        f"{PLOTS}/thresholds.csv",
        [
            {"threshold": threshold, "value": measured[name], "method": name}
            for name in ("precision", "recall", "accuracy")
            for threshold, measured in rows
        ],
    )
    calibration = [{**row, "method": "network"} for row in calibration_curve(actual, ours)]
    ideal = [{"predicted": at, "observed": at, "reviews": 0, "method": "perfect"} for at in (0.0, 1.0)]
    artifacts.write_csv(f"{PLOTS}/calibration.csv", [*calibration, *ideal])


def thinned_curve(actual: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall at 101 even steps, and the precision of the highest threshold that reaches each."""
    precision, recall, _ = precision_recall_curve(actual, probability)
    steps = np.linspace(0, 1, 101)
    return steps, np.array([precision[np.flatnonzero(recall >= step - 1e-12)[-1]] for step in steps])


def confident_mistakes(actual: np.ndarray, probability: np.ndarray, texts: np.ndarray) -> list[dict[str, Any]]:
    """The wrongly judged reviews the network was surest of, `LISTED` of each kind, surest first."""
    mistakes = []
    for label, name in enumerate(CLASSES):
        wrong = np.flatnonzero((actual == label) & ((probability >= 0.5) != actual))
        surest = wrong[np.argsort(-np.abs(probability[wrong] - 0.5), kind="stable")][:LISTED]
        mistakes += [{"actual": name, "probability": probability[row], "text": texts[row]} for row in surest]
    return mistakes


def report_page(actual: np.ndarray, probability: np.ndarray, metrics: Mapping[str, Any]) -> Any:
    """scikit-learn's classification report, the operating points and the comparison with the baselines, drawn."""
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
            f"{name:<20}{metrics['baselines'][name]['accuracy']:.4f}   network better by {row['difference']:+.4f}, "
            f"{low:+.4f} to {high:+.4f}, McNemar p = {row['mcnemar_p']:.2g}"
        )
    passages = {
        "Test reviews, at 0.5": report.rstrip("\n"),
        "At thresholds that reach a goal on validation reviews": "\n".join(goals),
        "Accuracy": "\n".join(accuracies),
    }
    return charts.text_page(passages, title="Is a review positive?", width=96)


def mistakes_page(mistakes: list[dict[str, Any]]) -> Any:
    """The surest mistakes of each kind as a picture; of a long review, its beginning and its end."""
    passages = {}
    for name in CLASSES:
        for number, row in enumerate([row for row in mistakes if row["actual"] == name][:SHOWN], start=1):
            text = plain(row["text"])
            text = text if len(text) <= 700 else f"{text[:300]} [...] {text[-400:]}"
            passages[f"{number}. {name}; predicted: positive with probability {row['probability']:.3f}"] = text
    return charts.text_page(passages or {"none": "no mistakes"}, title="The surest mistakes", width=110)


def _only(values: Mapping[str, float], *names: str) -> dict[str, float]:
    return {name: values[name] for name in names}


if __name__ == "__main__":
    external.run(measure, OPTIONS, dataset="reviews", model=MODEL) if OPTIONS else run(main)
