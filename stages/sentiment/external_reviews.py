"""The classifier on reviews from anywhere: `reprise evaluate sentiment --data PATH`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.core.errors import StageError
from stages.evaluation import measures
from stages.sentiment import attached, batches, scores, thresholds
from stages.sentiment import model as network
from stages.sentiment.encoding import UNKNOWN, encode, tokenise
from stages.sentiment.preprocess import arrays_of


def measure(path: str | Path, model: Any, texts: Sequence[str], labels: np.ndarray) -> dict[str, Any]:
    """The measures that need only a model, with its file, and n reviews with their labels, 0 or 1, shape (n,)."""
    if len(set(labels)) < 2:
        raise StageError(f"--data: the {len(labels)} reviews should be of both classes, negative and positive")
    carried = attached.read(path, model)
    sizes, number = carried.network, carried.number
    ids = [encode(tokenise(text), number) for text in texts]
    arrays = arrays_of("test", ids, labels, len(number), carried.ngrams)
    logits = network.logits(network.branches(model), batches.reviews(arrays, "test", sizes), sizes.pool)
    predicted = network.probability(logits, network.weights(model))
    return {
        "reviews": len(labels),
        "positive": np.sum(labels),
        "words": len(arrays["test_words"]),
        "unknown_words": np.sum(arrays["test_words"] == UNKNOWN),
        **thresholds.quality(labels, predicted, 0.5),
        "accuracy_interval": measures.interval((predicted >= 0.5) == labels, seed=carried.seed),
        **scores.ranking(labels, predicted),
    }
