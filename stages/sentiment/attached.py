"""What the file of a classifier carries: with it, the file alone classifies reviews."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from pydantic import ValidationError

from stages.core import model_files
from stages.core.errors import StageError
from stages.params import SentimentNetwork
from stages.sentiment.encoding import numbers

KINDS = {
    "seed": int,
    "network": dict,
    "vocabulary": list,
    "ngrams": np.ndarray,
    "thresholds": list,
    "validation_reviews": int,
}


class Attached(NamedTuple):
    """Sizes, words, keys of the n-grams, shape (n,), quality at each threshold (`thresholds.table`), and the seed."""

    seed: int
    network: SentimentNetwork
    vocabulary: list[str]
    ngrams: np.ndarray
    thresholds: list[dict[str, float]]
    validation_reviews: int

    @property
    def number(self) -> Mapping[str, int]:
        """The id of each word."""
        return numbers(self.vocabulary)


def read(path: str | Path, model: keras.Model) -> Attached:
    """What the file of a classifier carries.

    Raises:
        StageError: it carries nothing, or what belongs to another model.
    """
    found: dict[str, Any] = model_files.attachments(path, KINDS)
    try:
        found["network"] = SentimentNetwork.model_validate(found["network"])
    except ValidationError as error:
        raise StageError(f"{path} carries sizes of a network that this version does not have") from error
    carried = Attached(**found)
    rows = model.get_layer("log_ratios").input_dim
    if (
        model.get_layer("word_vectors").input_dim != carried.network.vocabulary + 2
        or rows != len(carried.ngrams) + 1
        or not carried.thresholds
    ):
        raise StageError(f"{path} carries the vocabulary of another model; `dvc repro` trains it anew")
    return carried
