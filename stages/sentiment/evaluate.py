"""evaluate-sentiment: the classifier and the n-gram baselines on test reviews, sentences and a table by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import classification_report

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS
from stages.evaluation import charts, measures
from stages.params import Params
from stages.sentiment import baselines, preprocess, scores
from stages.sentiment import model as network
from stages.sentiment.encoding import LINE_BREAK, UNKNOWN, Encoder
from stages.sentiment.scores import CLASSES
from stages.sentiment.train import MODEL, sizes_for

METRICS = "metrics/sentiment.json"
EVALUATION = "data/sentiment/evaluation.json"
# Sentences written by hand, never trained or tuned on, half of each capability negative, after Ribeiro, Wu, Guestrin &
# Singh 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ACL, pp. 4902-4912.
BEHAVIOUR = Path(__file__).with_name("behaviour.csv")
CURVES = {"network": "network", "nb": "NB n-grams", "tfidf": "TF-IDF"}
LISTED = 20  # mistakes of each class


def main(params: Params) -> None:
    data, (model, carried) = artifacts.read_npz(preprocess.OUTPUT), model_files.load(MODEL, network.Carried)
    sizes, words = sizes_for(data, params.sentiment.network), carried["vocabulary"]
    table = artifacts.read_csv(BEHAVIOUR, text=["capability", "sentence"])
    ids = [*map(Encoder(words, data["ngrams"], {}).ids, table["sentence"])]
    data |= preprocess.arrays_of("behaviour", ids, table["label"].to_numpy(), len(words), data["ngrams"])
    branches, weights = network.branches(model), network.weights(model)
    found, right = baselines.fit(data, len(words), ("test", "behaviour"), seed=params.seed), {}
    for part, methods in found.items():
        logits = network.logits(branches, network.reviews(data, part, sizes), sizes.pool)
        methods |= network.probabilities(logits, weights)
        right[part] = pd.DataFrame(methods).ge(0.5).eq(data[f"{part}_labels"], axis=0)
    sources = []
    for number in range(len(data["sources"])):
        counted = {part: np.count_nonzero(data[f"{part}_source"] == number) for part in PARTS}
        compared = comparison(right["test"][data["test_source"] == number], params.seed)
        sources.append({"reviews": counted, **compared})
    for name, of_lengths in zip(network.BRANCHES, np.cumsum(weights, axis=0).T, strict=True):
        sources[0]["branches"][name]["weights"] = dict(zip(("review", "sentence", "clause"), of_lengths, strict=True))
    reviews = data["test_source"] == 0
    actual, methods = data["test_labels"][reviews], {name: of_test[reviews] for name, of_test in found["test"].items()}
    ours, chosen = methods["network"], scores.chosen(carried["thresholds"])
    texts = artifacts.read_csv(preprocess.RAW, text=["text"])["text"].to_numpy()[data["test_rows"]][reviews]
    evaluation = {
        "positive": actual.mean(),
        **scores.overall(actual, ours),
        "operating": {name: {"threshold": at, **scores.quality(actual, ours, at)} for name, at in chosen.items()},
        **sources[0],
        "parameters": model.count_params(),
        "sources": dict(zip(data["sources"].tolist()[1:], sources[1:], strict=True)),
        "behaviour": capabilities(table, right["behaviour"]),
        **to_read(actual, ours, texts),
    }
    write_plots(actual, methods)
    artifacts.write_csv("plots/sentiment/layers.csv", measures.layers(model))
    headlines = {
        **{name: evaluation[name] for name in ("accuracy", "precision", "recall", "f1")},
        "minus_baseline": evaluation["versus"]["nb"]["interval"],  # a list, which `dvc metrics show` leaves out
        "baselines": {"nb": evaluation["baselines"]["nb"]["accuracy"]},
        **{name: {"accuracy": some["accuracy"]} for name, some in evaluation["sources"].items()},
    }
    artifacts.write_json(METRICS, headlines)
    artifacts.write_json(EVALUATION, evaluation)
    print(f"sentiment: accuracy {evaluation['accuracy']:.4f}")


def comparison(right: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Accuracies, and the network's minus the others', from which texts (rows) each method (columns) has right."""
    ours, accuracies = right["network"], {name: {"accuracy": share} for name, share in right.mean().items()}
    versus = {name: ours.to_numpy(float) - right[name] for name in (*network.BRANCHES, *baselines.STRENGTHS)}
    return {
        "accuracy": ours.mean(),
        "accuracy_interval": measures.share_interval(ours),
        "branches": {name: accuracies[name] for name in network.BRANCHES},
        "baselines": {name: accuracies[name] for name in baselines.STRENGTHS},
        "versus": {
            name: {"difference": difference.mean(), "interval": measures.interval(difference, seed=seed)}
            for name, difference in versus.items()
        },
    }


def capabilities(table: pd.DataFrame, right: pd.DataFrame) -> dict[str, Any]:
    """Accuracies from which sentences of `BEHAVIOUR` each method has right: by capability and label, and over all."""
    rows = []
    for capability, some in table.groupby("capability", sort=False):
        found = right.loc[some.index].groupby(some["label"]).mean().set_axis(CLASSES).to_dict()
        rows.append({"capability": capability, "sentences": len(some), **found})
    return {"sentences": len(table), "capabilities": rows, "mean": right.mean().to_dict()}


def to_read(actual: np.ndarray, probability: np.ndarray, texts: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Reviews as rows of `actual`, `probability` and `text`: `examples`, the shortest of each class; `mistakes`, up to
    `LISTED` of each class, the most confident first.
    """
    plain = [" ".join(LINE_BREAK.sub(" ", text).split()) for text in texts]
    table = pd.DataFrame({"actual": np.take(CLASSES, actual), "probability": probability, "text": plain})
    shortest = table.sort_values("text", key=lambda text: text.str.len(), kind="stable")
    mistakes = table[(probability >= 0.5) != actual]
    confident = mistakes.sort_values("probability", key=lambda of: -abs(of - 0.5), kind="stable")
    return {
        "examples": shortest.groupby("actual").head(1).to_dict("records"),
        "mistakes": confident.groupby("actual").head(LISTED).to_dict("records"),
    }


def write_plots(actual: np.ndarray, methods: Mapping[str, np.ndarray]) -> None:
    """Write the curves, the confusion matrix and the classification report of test reviews; probabilities by method."""
    ours, labels = methods["network"], (methods["network"] >= 0.5).astype(int)
    named = pd.DataFrame({"actual": np.take(CLASSES, actual), "predicted": np.take(CLASSES, labels)})
    ideal = [{"predicted": at, "observed": at, "reviews": 0, "method": "perfect"} for at in (0.0, 1.0)]
    tables = {
        "confusion": named.to_dict("records"),
        "precision_recall": [
            {"recall": recall, "precision": precision, "method": title}
            for name, title in CURVES.items()
            for recall, precision in zip(*scores.precision_recall(actual, methods[name]), strict=True)
        ],
        "thresholds": [
            {"threshold": row["threshold"], "value": row[name], "method": name}
            for name in ("precision", "recall", "accuracy")
            for row in scores.table(actual, ours)[1::4]
        ],
        "calibration": [{**row, "method": "network"} for row in scores.calibration(actual, ours)] + ideal,
    }
    for name, rows in tables.items():
        artifacts.write_csv(f"plots/sentiment/{name}.csv", rows)
    artifacts.write_png("plots/sentiment/confusion.png", charts.confusion(actual, labels, CLASSES))
    report = classification_report(actual, labels, labels=[0, 1], target_names=CLASSES, digits=3, zero_division=0)
    page = charts.text_page({"at a threshold of 0.5": report}, title=f"{len(actual)} test reviews", width=56)
    artifacts.write_png("plots/sentiment/report.png", page)


def measure(labels: np.ndarray, probability: np.ndarray, words: np.ndarray) -> dict[str, Any]:
    """What `reprise evaluate` prints, from labels, 0 or 1, and probabilities, shape (n,), and the ids of all words."""
    if len(set(labels)) < 2:
        raise StageError(f"--data: the {len(labels)} reviews should be of both classes, negative and positive")
    return {
        "reviews": len(labels),
        "positive": np.sum(labels),
        "words": len(words),
        "unknown_words": np.sum(words == UNKNOWN),
        **scores.overall(labels, probability),
        "accuracy_interval": measures.share_interval((probability >= 0.5) == labels),
    }


if __name__ == "__main__":
    run(main)
