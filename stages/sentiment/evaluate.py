"""evaluate-sentiment: the classifier and the n-gram baselines on test reviews, sentences and a table by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import expit

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
        methods[part] |= {name: expit(logits[name]) for name in network.BRANCHES}
        methods[part] |= {name: found.probability[part] for name, found in references.items() if part != "validation"}
    reviews = {part: data[f"{part}_source"] == 0 for part in ("validation", "test")}
    actual = {part: labels[part][rows] for part, rows in reviews.items()}
    found = {part: {name: p[rows] for name, p in methods[part].items()} for part, rows in reviews.items()}
    predicted = {part: some["network"] for part, some in found.items()}
    evaluation = measured(actual, predicted, params.seed) | comparison(actual["test"], found["test"], params.seed)
    for name, long, added in zip(network.BRANCHES, *weights, strict=True):
        evaluation["branches"][name] |= {"weight": long, "sentence_weight": long + added}
    evaluation |= {
        "parameters": model.count_params(),
        "reviews": {part: int(np.sum(data[f"{part}_source"] == 0)) for part in PARTS},
        "behaviour": behaviour.measure(table, methods[behaviour.PART]),
    }
    for number, name in enumerate(data["sources"].tolist()[1:], start=1):
        rows = data["test_source"] == number
        some = {method: probability[rows] for method, probability in methods["test"].items()}
        evaluation.setdefault("sources", {})[name] = {
            **{part: int(np.sum(data[f"{part}_source"] == number)) for part in PARTS},
            **comparison(labels["test"][rows], some, params.seed),
        }
    texts = artifacts.read_csv(RAW, text=["text"])["text"].to_numpy()[data["test_rows"]][reviews["test"]]
    evaluation |= plots.write(model, actual["test"], found["test"], evaluation, texts, params.seed)
    artifacts.write_json(METRICS, headline(evaluation))
    artifacts.write_json(EVALUATION, evaluation)
    print(f"sentiment: accuracy {evaluation['accuracy']:.4f}; {baselines.described(references)}")


def headline(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that `dvc metrics show` prints."""
    return {
        **{name: evaluation[name] for name in ("accuracy", "precision", "recall", "f1")},
        "minus_baseline": evaluation["versus"]["nb"]["interval"],  # a list, which `dvc metrics show` leaves out
        "baselines": {"nb": evaluation["baselines"]["nb"]},
        **{name: {"accuracy": some["accuracy"]} for name, some in evaluation.get("sources", {}).items()},
    }


def measured(actual: Mapping[str, np.ndarray], probability: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """The network's measures on test reviews, at 0.5 and at thresholds chosen on validation reviews.

    Args:
        actual: 0 or 1 by part, validation and test.
        probability: of a positive review, by part.
        seed: of the bootstrap.
    """
    labels, predicted = actual["test"], probability["test"]
    threshold = thresholds.best_threshold(actual["validation"], probability["validation"])
    points = scores.operating_thresholds(actual["validation"], probability["validation"])
    return {
        "positive": labels.mean(),
        **thresholds.quality(labels, predicted, 0.5),
        "tuned": {
            "threshold": threshold,
            **thresholds.quality(labels, predicted, threshold),
            **scores.errors_per_thousand(labels, predicted, threshold),
        },
        **scores.ranking(labels, predicted),
        "operating": {name: scores.operating_point(labels, predicted, at) for name, at in points.items()},
    }


def comparison(actual: np.ndarray, methods: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """The network's accuracy with its 95 % interval, those of its branches and of the baselines, and the differences.

    Args:
        actual: 0 or 1, shape (n,).
        methods: probability of a positive text by method, shape (n,) each; `network` is one.
        seed: of the bootstrap.
    """
    correct = {name: (probability >= 0.5) == actual for name, probability in methods.items()}
    others = {name: {"accuracy": right.mean()} for name, right in correct.items() if name != "network"}
    return {
        "accuracy": correct["network"].mean(),
        "accuracy_interval": measures.interval(correct["network"], seed=seed),
        "branches": {name: others.pop(name) for name in network.BRANCHES},
        "baselines": others,
        "versus": {
            name: scores.paired(correct["network"], right, seed=seed)
            for name, right in correct.items()
            if name != "network"
        },
    }


if __name__ == "__main__":
    run(main)
