"""The classifier on reviews from anywhere: `python -m stages.sentiment.evaluate --data PATH`."""

import argparse
from typing import Any

import numpy as np

from stages.core.errors import StageError
from stages.evaluation import external, measures
from stages.sentiment import attached, batches, scores, thresholds
from stages.sentiment import model as network
from stages.sentiment.encoding import UNKNOWN, encode, tokenise
from stages.sentiment.preprocess import arrays_of


def measure(options: argparse.Namespace, model: Any, data: Any) -> dict[str, Any]:
    """The measures that need only a model and reviews.

    Args:
        options: `model`, the path of its file, and `limit`.
        model: of `network.build`.
        data: `stages.datasets.reviews.Reviews`.
    """
    external.need(
        model, {"word_vectors", "log_ratios"} <= {layer.name for layer in model.layers}, "a classifier of reviews"
    )
    carried = attached.read(options.model, model)
    sizes, number = carried.network, carried.number
    chosen = external.rows(np.array(data.test), options.limit)
    actual = np.array(data.labels)[chosen]
    if len(set(actual)) < 2:
        raise StageError(f"--data: the {len(actual)} reviews should be of both classes, negative and positive")
    ids = [encode(tokenise(data.texts[row]), number) for row in chosen]
    arrays = {"test_labels": actual, **arrays_of("test", ids, len(number), carried.ngrams)}
    logits = network.logits(network.branches(model), batches.reviews(arrays, "test", sizes), sizes.pool)
    predicted = network.probability(logits, network.weights(model))
    return {
        "reviews": len(actual),
        "positive": np.sum(actual),
        "words": len(arrays["test_words"]),
        "unknown_words": np.sum(arrays["test_words"] == UNKNOWN),
        **thresholds.quality(actual, predicted, 0.5),
        "accuracy_interval": measures.interval((predicted >= 0.5) == actual, seed=carried.seed),
        **scores.ranking(actual, predicted),
    }
