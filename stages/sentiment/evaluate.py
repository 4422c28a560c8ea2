"""evaluate-sentiment: the classifier and the n-gram baselines on test reviews."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from scipy.special import expit

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.split import PARTS
from stages.evaluation import measures
from stages.params import Params, SentimentNetwork
from stages.sentiment import baselines, batches, capabilities, examples, plots, scores, thresholds
from stages.sentiment import model as network
from stages.sentiment.capabilities import Verdicts
from stages.sentiment.encoding import tokenise
from stages.sentiment.plots import PLOTS
from stages.sentiment.preprocess import NGRAMS, RAW, VOCABULARY
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.preprocess import SENTENCES as TUNING
from stages.sentiment.sentences import Sentence
from stages.sentiment.train import MODEL

METRICS = "metrics/sentiment.json"
MISTAKES = "data/sentiment/mistakes.json"
EXAMPLES = "data/sentiment/examples.json"
SENTENCES = "data/sentiment/sentences.json"

Arrays = Mapping[str, np.ndarray]


def main(params: Params) -> None:
    sizes = params.sentiment.network
    data = artifacts.read_npz(DATA)
    labels = {part: data[f"{part}_labels"].astype(int) for part in PARTS}
    model = model_files.read(MODEL)
    tuning = artifacts.read_npz(TUNING)
    branches, weights = network.branches(model), network.weights(model)
    sources = {"validation": (data, "validation"), "test": (data, "test"), "sentences": (tuning, "validation")}
    logits = {
        name: network.logits(branches, batches.reviews(arrays, part, sizes), sizes.pool)
        for name, (arrays, part) in sources.items()
    }
    probability = {part: network.probability(logits[part], weights) for part in ("validation", "test")}
    known = artifacts.read_npz(NGRAMS)
    reviews = artifacts.read_csv(RAW, text=["text"])["text"].to_numpy()
    sentences = capabilities.unseen(reviews[data["train_rows"]], params.seed)
    data |= capabilities.arrays(sentences, artifacts.read_text(VOCABULARY).splitlines(), known["keys"])
    fitted = {"seed": params.seed, "parts": ("test", *capabilities.PARTS)}
    references = {
        "tfidf": baselines.tfidf(data, labels, known["orders"], **fitted),
        "nb": baselines.naive_bayes(data, labels, known["orders"], **fitted),
    }
    verdicts = verdicts_on_sentences(data, model, references, sizes)
    metrics = measured(model, labels, probability, logits["test"], references, seed=params.seed)
    fitted_on = network.joined(logits["validation"], logits["sentences"])
    labels_of_them = np.concatenate([labels["validation"], tuning["validation_labels"]])
    for name, row in metrics["branches"].items():
        without = network.probability(logits["test"], network.best_weights(fitted_on, labels_of_them, without=name))
        row["adds"] = scores.added(labels["test"], probability["test"], without, seed=params.seed)
    metrics["sentences"] = capabilities.measure(sentences, verdicts)
    metrics["sentences"]["thresholds"] = capabilities.by_threshold(
        sentences, verdicts["network"], labels["test"], probability["test"]
    )
    artifacts.write_json(METRICS, metrics)
    write_sentences(sentences, verdicts["network"], metrics["sentences"])

    write_plots(
        model, labels["test"], probability["test"], metrics, references, reviews[data["test_rows"]], params.seed
    )
    compared = ", ".join(
        f"{name} {metrics['baselines'][name]['accuracy']:.4f} (C = {baseline.strength:g})"
        for name, baseline in references.items()
    )
    print(f"sentiment: accuracy {metrics['accuracy']:.4f}; baselines: {compared}")


def write_plots(
    model: keras.Model,
    actual: np.ndarray,
    predicted: np.ndarray,
    metrics: dict[str, Any],
    references: Mapping[str, baselines.Result],
    texts: np.ndarray,
    seed: int,
) -> None:
    """Write the curves, pictures and examples of the test reviews, shape (n,) each."""
    methods = {"NB n-grams": references["nb"], "TF-IDF": references["tfidf"]}
    plots.write_curves(
        actual, {"network": predicted, **{name: baseline.probability["test"] for name, baseline in methods.items()}}
    )
    artifacts.write_png(f"{PLOTS}/report.png", plots.report_page(actual, predicted, metrics))
    tokens = [tokenise(text) for text in texts]
    correct = (predicted >= 0.5) == actual
    artifacts.write_csv(f"{PLOTS}/slices.csv", scores.slices(correct, actual, tokens, seed=seed))
    artifacts.write_csv(f"{PLOTS}/layers.csv", measures.layers(model))
    artifacts.write_json(EXAMPLES, examples.short(actual, predicted, texts, tokens))
    mistakes = examples.confident_mistakes(actual, predicted, texts)
    artifacts.write_json(MISTAKES, mistakes)
    artifacts.write_png(f"{PLOTS}/mistakes.png", plots.mistakes_page(mistakes))


def verdicts_on_sentences(
    data: Arrays, model: keras.Model, references: Mapping[str, baselines.Result], sizes: SentimentNetwork
) -> dict[str, Verdicts]:
    """What the network, each of its branches and the baselines say of the short sentences."""
    branches, weights = network.branches(model), network.weights(model)
    found: dict[str, list[np.ndarray]] = {}
    for part in capabilities.PARTS:
        logits = network.logits(branches, batches.reviews(data, part, sizes), sizes.pool)
        found.setdefault("network", []).append(network.probability(logits, weights))
        for name in network.BRANCHES:
            found.setdefault(name, []).append(expit(logits[name]))
        for name, baseline in references.items():
            found.setdefault(name, []).append(baseline.probability[part])
    return {name: Verdicts(*both) for name, both in found.items()}


def write_sentences(sentences: list[Sentence], network: Verdicts, measured: dict[str, Any]) -> None:
    """Write the set with the network's verdicts, its worst sentences first, and the scores as a series."""
    rows = [
        {**one._asdict(), "probability": probability}
        for one, probability in zip(sentences, network.sentences, strict=True)
    ]
    artifacts.write_json(SENTENCES, {"worst": capabilities.worst(sentences, network), "all": rows})
    scores = [
        {"capability": name, **measured["capabilities"][capabilities.key_of(name)]}
        for name in dict.fromkeys(one.capability for one in sentences)
    ]
    artifacts.write_csv(f"{PLOTS}/sentences.csv", scores)


def measured(
    model: keras.Model,
    labels: Arrays,
    probability: Arrays,
    logits: Arrays,
    references: Mapping[str, baselines.Result],
    *,
    seed: int,
) -> dict[str, Any]:
    """All that `metrics/sentiment.json` holds.

    Args:
        model: the classifier.
        labels: 0 or 1 by part.
        probability: of a positive review, of the validation and the test part.
        logits: of the test reviews by branch.
        references: the baselines by name.
        seed: of the bootstrap.
    """
    actual, predicted = labels["test"], probability["test"]
    correct = (predicted >= 0.5) == actual
    correct_of = {name: (baseline.probability["test"] >= 0.5) == actual for name, baseline in references.items()}
    threshold = thresholds.best_threshold(labels["validation"], probability["validation"])
    return {
        "parameters": model.count_params(),
        "reviews": {part: len(labels[part]) for part in PARTS},
        "positive": actual.mean(),
        **thresholds.quality(actual, predicted, 0.5),
        "accuracy_interval": measures.interval(correct, seed=seed),
        "tuned": {
            "threshold": threshold,
            **thresholds.quality(actual, predicted, threshold),
            **scores.errors_per_thousand(actual, predicted, threshold),
        },
        **scores.ranking(actual, predicted),
        "branches": {
            name: {"accuracy": np.mean((logits[name] >= 0) == actual), "weight": long, "sentence_weight": short}
            for name, long, short in zip(network.BRANCHES, *network.weights(model), strict=True)
        },
        "baselines": {name: {"accuracy": np.mean(found)} for name, found in correct_of.items()},
        "versus": {name: scores.paired(correct, found, seed=seed) for name, found in correct_of.items()},
        "operating": {
            name: scores.operating_point(actual, predicted, at)
            for name, at in scores.operating_thresholds(labels["validation"], probability["validation"]).items()
        },
    }


if __name__ == "__main__":
    run(main)
