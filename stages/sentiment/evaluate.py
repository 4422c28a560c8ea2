"""evaluate-sentiment: the classifier and the n-gram baselines on test reviews, sentences and a table by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import PARTS
from stages.evaluation import measures
from stages.params import Params
from stages.sentiment import baselines, plots, scores
from stages.sentiment import model as network
from stages.sentiment.encoding import UNKNOWN, encode, numbers, tokenise
from stages.sentiment.preprocess import NGRAMS, RAW, VOCABULARY, arrays_of
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.train import MODEL, sizes_for

METRICS = "metrics/sentiment.json"
EVALUATION = "data/sentiment/evaluation.json"
# Sentences written by hand, measured and never trained or tuned on: capability, label (0 or 1), sentence. A capability
# has as many negative ones as positive ones, after Ribeiro, Wu, Guestrin & Singh 2020, "Beyond Accuracy: Behavioral
# Testing of NLP Models with CheckList", ACL, pp. 4902-4912.
BEHAVIOUR = Path(__file__).with_name("behaviour.csv")


def main(params: Params) -> None:
    data, known = artifacts.read_npz(DATA), artifacts.read_npz(NGRAMS)
    sizes, model = sizes_for(data, params.sentiment.network), model_files.read(MODEL)
    number = numbers(artifacts.read_text(VOCABULARY).splitlines())
    table = artifacts.read_csv(BEHAVIOUR, text=["capability", "sentence"])
    ids = [encode(tokenise(sentence), number) for sentence in table["sentence"]]
    data |= arrays_of("behaviour", ids, table["label"].to_numpy(), len(number), known["keys"])
    parts = ("validation", "test", "behaviour")
    labels = {part: data[f"{part}_labels"].astype(int) for part in ("train", *parts)}
    references = baselines.fit(data, labels, known["orders"], seed=params.seed, parts=("test", "behaviour"))
    branches, weights = network.branches(model), network.weights(model)
    methods: dict[str, dict[str, np.ndarray]] = {}  # part → method → probability of a positive text
    for part in parts:
        logits = network.logits(branches, network.reviews(data, part, sizes), sizes.pool)
        methods[part] = {"network": network.probability(logits, weights)}
        methods[part] |= {name: expit(logits[name]) for name in network.BRANCHES}
        methods[part] |= {name: found[part] for name, found in references.items()}
    of_source: list[dict[str, Any]] = []
    for source in range(len(data["sources"])):
        rows = data["test_source"] == source
        some = {name: probability[rows] for name, probability in methods["test"].items()}
        counted = {part: int(np.sum(data[f"{part}_source"] == source)) for part in PARTS}
        of_source.append({"reviews": counted, **comparison(labels["test"][rows], some, params.seed)})
    reviews = {part: data[f"{part}_source"] == 0 for part in ("validation", "test")}
    actual = {part: labels[part][rows] for part, rows in reviews.items()}
    found = {name: probability[reviews["test"]] for name, probability in methods["test"].items()}
    validation = scores.table(actual["validation"], methods["validation"]["network"][reviews["validation"]])
    evaluation = measured(actual["test"], found["network"], validation) | of_source[0]
    for name, (long, sentence, clause) in zip(network.BRANCHES, np.cumsum(weights, axis=0).T, strict=True):
        evaluation["branches"][name] |= {"weights": {"review": long, "sentence": sentence, "clause": clause}}
    evaluation |= {
        "parameters": model.count_params(),
        "sources": dict(zip(data["sources"].tolist()[1:], of_source[1:], strict=True)),
        "behaviour": capabilities(table, methods["behaviour"]),
    }
    texts = artifacts.read_csv(RAW, text=["text"])["text"].to_numpy()[data["test_rows"]][reviews["test"]]
    evaluation |= plots.write(model, actual["test"], found, texts)
    artifacts.write_json(METRICS, headline(evaluation))
    artifacts.write_json(EVALUATION, evaluation)
    print(f"sentiment: accuracy {evaluation['accuracy']:.4f}")


def headline(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that `dvc metrics show` prints."""
    return {
        **{name: evaluation[name] for name in ("accuracy", "precision", "recall", "f1")},
        "minus_baseline": evaluation["versus"]["nb"]["interval"],  # a list, which `dvc metrics show` leaves out
        "baselines": {"nb": evaluation["baselines"]["nb"]["accuracy"]},
        **{name: {"accuracy": some["accuracy"]} for name, some in evaluation.get("sources", {}).items()},
    }


def measured(actual: np.ndarray, probability: np.ndarray, validation: Sequence[dict[str, float]]) -> dict[str, Any]:
    """The network's measures on test reviews, at 0.5 and at the thresholds chosen from `validation`, a `scores.table`.

    `actual`, 0 or 1, and `probability` of a positive review have shape (n,).
    """
    chosen = {"tuned": scores.most_accurate(validation), **scores.operating(validation)}
    points = {name: {"threshold": at, **scores.quality(actual, probability, at)} for name, at in chosen.items()}
    return {
        "positive": actual.mean(),
        **scores.quality(actual, probability, 0.5),
        **scores.ranking(actual, probability),
        "tuned": points.pop("tuned"),
        "operating": points,
    }


def comparison(actual: np.ndarray, methods: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """The network's accuracy with its 95 % interval, those of its branches and of the baselines, and the differences,
    with intervals by paired bootstrap. `actual`, 0 or 1, and each method's probability of a positive text: shape (n,).
    """
    others = {name: (probability >= 0.5) == actual for name, probability in methods.items()}
    ours = others.pop("network")
    accuracies = {name: {"accuracy": right.mean()} for name, right in others.items()}
    differences = {name: ours.astype(float) - right for name, right in others.items()}
    return {
        "accuracy": ours.mean(),
        "accuracy_interval": measures.share_interval(ours),
        "branches": {name: accuracies.pop(name) for name in network.BRANCHES},
        "baselines": accuracies,
        "versus": {
            name: {"difference": difference.mean(), "interval": measures.interval(difference, seed=seed)}
            for name, difference in differences.items()
        },
    }


def capabilities(table: Any, probability: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Accuracies at 0.5 on the n sentences of `BEHAVIOUR`, from the probabilities by method, shape (n,) each.

    Returns:
        `sentences`, their number; `capabilities`, rows of `capability`, `sentences`, and per method the accuracies on
        the `negative` and the `positive` ones; `mean` over all sentences by method.
    """
    right = pd.DataFrame({name: (of_text >= 0.5) == table["label"] for name, of_text in probability.items()})
    rows = []
    for capability, some in table.groupby("capability", sort=False):
        found = right.loc[some.index].groupby(some["label"]).mean().set_axis(scores.CLASSES).to_dict()
        rows.append({"capability": capability, "sentences": len(some), **found})
    return {"sentences": len(table), "capabilities": rows, "mean": right.mean().to_dict()}


def measure(labels: np.ndarray, probability: np.ndarray, words: np.ndarray) -> dict[str, Any]:
    """What `reprise evaluate` prints: measures of reviews with labels 0 or 1, shape (n,); ids of all words."""
    if len(set(labels)) < 2:
        raise StageError(f"--data: the {len(labels)} reviews should be of both classes, negative and positive")
    return {
        "reviews": len(labels),
        "positive": np.sum(labels),
        "words": len(words),
        "unknown_words": np.sum(words == UNKNOWN),
        **scores.quality(labels, probability, 0.5),
        "accuracy_interval": measures.share_interval((probability >= 0.5) == labels),
        **scores.ranking(labels, probability),
    }


if __name__ == "__main__":
    run(main)
