"""evaluate-sentiment: the classifier and the n-gram baselines on test reviews, sentences and a table by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.split import PARTS
from stages.evaluation import measures
from stages.params import Params
from stages.sentiment import baselines, batches, behaviour, plots, scores, thresholds
from stages.sentiment import model as network
from stages.sentiment.encoding import numbers
from stages.sentiment.preprocess import NGRAMS, RAW, VOCABULARY
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.train import MODEL, sizes_for

METRICS = "metrics/sentiment.json"
EVALUATION = "data/sentiment/evaluation.json"


def main(params: Params) -> None:
    data, known = artifacts.read_npz(DATA), artifacts.read_npz(NGRAMS)
    sizes, model = sizes_for(data, params.sentiment.network), model_files.read(MODEL)
    number = numbers(artifacts.read_text(VOCABULARY).splitlines())
    table = behaviour.read()
    data |= behaviour.arrays(table, number, known["keys"])
    labels = {part: data[f"{part}_labels"].astype(int) for part in (*PARTS, behaviour.PART)}
    fitted = {"seed": params.seed, "parts": ("test", behaviour.PART)}
    references = {
        "tfidf": baselines.tfidf(data, labels, known["orders"], **fitted),
        "nb": baselines.naive_bayes(data, labels, known["orders"], **fitted),
    }
    branches, weights = network.branches(model), network.weights(model)
    methods: dict[str, dict[str, np.ndarray]] = {}  # part → method → probability of a positive text
    for part in ("validation", "test", behaviour.PART):
        logits = network.logits(branches, batches.reviews(data, part, sizes), sizes.pool)
        methods[part] = {"network": network.probability(logits, weights)}
        methods[part] |= {name: 1 / (1 + np.exp(-logits[name])) for name in network.BRANCHES}
        methods[part] |= {name: found.probability[part] for name, found in references.items() if part != "validation"}
    reviews = {part: data[f"{part}_source"] == 0 for part in ("validation", "test")}
    actual = {part: labels[part][rows] for part, rows in reviews.items()}
    found = {part: {name: p[rows] for name, p in methods[part].items()} for part, rows in reviews.items()}
    evaluation = measured(actual, {part: some["network"] for part, some in found.items()}, found["test"], params.seed)
    evaluation |= {
        "parameters": model.count_params(),
        "sources": {
            str(name): {part: int(np.sum(data[f"{part}_source"] == code)) for part in PARTS}
            for code, name in enumerate(data["sources"])
        },
        "weights": {
            name: {"long": long, "short": long + added}
            for name, long, added in zip(network.BRANCHES, *weights, strict=True)
        },
        "others": {
            str(name): compared(labels["test"], methods["test"], data["test_source"] == code, params.seed)
            for code, name in enumerate(data["sources"])
            if code
        },
        "behaviour": behaviour.measure(table, methods[behaviour.PART]),
    }
    texts = artifacts.read_csv(RAW, text=["text"])["text"].to_numpy()[data["test_rows"]][reviews["test"]]
    evaluation |= plots.write(model, actual["test"], found["test"], evaluation, texts, params.seed)
    artifacts.write_json(METRICS, headline(evaluation))
    artifacts.write_json(EVALUATION, evaluation)
    print(f"sentiment: accuracy {evaluation['accuracy']:.4f}; {baselines.described(references)}")


def headline(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that `dvc metrics show` prints."""
    low, high = evaluation["accuracy_interval"]
    return {
        "accuracy": evaluation["accuracy"],
        "interval": {"low": low, "high": high},
        **{name: evaluation[name] for name in ("precision", "recall", "f1", "roc_auc")},
        "tuned": {"accuracy": evaluation["tuned"]["accuracy"]},
        "baselines": {name: {"accuracy": evaluation["methods"][name]["accuracy"]} for name in ("tfidf", "nb")},
        **{
            name: {"accuracy": some["network"]["accuracy"], "nb": some["nb"]["accuracy"]}
            for name, some in evaluation["others"].items()
        },
    }


def measured(
    actual: Mapping[str, np.ndarray],
    probability: Mapping[str, np.ndarray],
    methods: Mapping[str, np.ndarray],
    seed: int,
) -> dict[str, Any]:
    """The measures on reviews.

    Args:
        actual: 0 or 1 by part, validation and test.
        probability: the network's, of a positive review, by part.
        methods: probabilities of the test reviews by method.
        seed: of the bootstrap.
    """
    labels, predicted = actual["test"], probability["test"]
    threshold = thresholds.best_threshold(actual["validation"], probability["validation"])
    points = scores.operating_thresholds(actual["validation"], probability["validation"])
    return {
        "positive": labels.mean(),
        **thresholds.quality(labels, predicted, 0.5),
        "accuracy_interval": measures.interval((predicted >= 0.5) == labels, seed=seed),
        "tuned": {
            "threshold": threshold,
            **thresholds.quality(labels, predicted, threshold),
            **scores.errors_per_thousand(labels, predicted, threshold),
        },
        **scores.ranking(labels, predicted),
        "methods": compared(labels, methods, np.ones(len(labels), bool), seed),
        "operating": {name: scores.operating_point(labels, predicted, at) for name, at in points.items()},
    }


def compared(
    labels: np.ndarray, methods: Mapping[str, np.ndarray], rows: np.ndarray, seed: int
) -> dict[str, dict[str, Any]]:
    """The accuracy of each method on some of the texts, its 95 % interval, and the network minus the others, paired."""
    correct = {name: (probability[rows] >= 0.5) == labels[rows] for name, probability in methods.items()}
    found = {
        name: {"accuracy": right.mean(), "interval": measures.interval(right, seed=seed)}
        for name, right in correct.items()
    }
    for name, right in correct.items():
        if name != "network":
            found[name]["versus"] = scores.paired(correct["network"], right, seed=seed)
    return found


if __name__ == "__main__":
    run(main)
