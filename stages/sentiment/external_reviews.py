"""The classifier on reviews from anywhere: `python -m stages.sentiment.evaluate --data PATH`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import artifacts
from stages.core.errors import StageError
from stages.evaluation import external, measures
from stages.params import Params
from stages.sentiment import batches, scores
from stages.sentiment import model as network
from stages.sentiment.preprocess import NGRAMS, UNKNOWN, VOCABULARY, arrays_of, encode, numbers, tokenise
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.train import ratios as log_ratios


def measure(params: Params, options: argparse.Namespace, model: Any, data: Any) -> dict[str, Any]:
    """The measures that need only a model and reviews.

    Args:
        params: all of params.yaml; `seed` and `sentiment.network` are used.
        options: `limit`, `vocabulary`.
        model: of `network.build`.
        data: `stages.datasets.reviews.Reviews`.
    """
    sizes = params.sentiment.network
    external.need(
        model, {"word_vectors", "log_ratios"} <= {layer.name for layer in model.layers}, "a classifier of reviews"
    )
    words, known, training = (options.vocabulary / Path(path).name for path in (VOCABULARY, NGRAMS, DATA))
    ratios = log_ratios(batches.reviews(artifacts.read_npz(training), "train", sizes), sizes.ngrams)
    if not network.trained_on(model, sizes, ratios):
        raise StageError(f"the model was not trained on {training} with params.yaml's sentiment.network")
    chosen = external.rows(np.array(data.test), options.limit)
    actual = np.array(data.labels)[chosen]
    if len(set(actual)) < 2:
        raise StageError(f"--data: the {len(actual)} reviews should be of both classes, negative and positive")
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
        **scores.quality(actual, predicted, 0.5),
        "accuracy_interval": measures.interval((predicted >= 0.5) == actual, seed=params.seed),
        **scores.ranking(actual, predicted),
    }
