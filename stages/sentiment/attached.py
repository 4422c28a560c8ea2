"""What the file of a classifier carries: with it, the file alone classifies reviews."""

from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from pydantic import ValidationError

from stages.core import model_files
from stages.core.errors import StageError
from stages.params import SentimentNetwork


class Attached(NamedTuple):
    """Sizes, words, keys of the n-grams, shape (n,), quality at each threshold (`thresholds.table`), and the seed."""

    seed: int
    network: SentimentNetwork
    vocabulary: list
    ngrams: np.ndarray
    thresholds: list
    validation_reviews: int


def read(path: str | Path, model: keras.Model) -> Attached:
    """What the file of a classifier carries.

    Raises:
        StageError: it carries nothing, or what belongs to another model.
    """
    found: dict[str, Any] = model_files.attachments(path, Attached.__annotations__ | {"network": dict})
    try:
        found["network"] = SentimentNetwork.model_validate(found["network"])
        rows = {name: model.get_layer(name).input_dim for name in ("word_vectors", "ngram_weights")}
    except (ValidationError, ValueError) as error:  # ValueError: a layer is missing
        raise StageError(f"{path} carries sizes of a network that this version does not have") from error
    carried = Attached(**found)
    known = {"word_vectors": carried.network.vocabulary + 2, "ngram_weights": len(carried.ngrams) + 1}
    if rows != known or not carried.thresholds:
        raise StageError(f"{path} carries the vocabulary of another model; `dvc repro` trains it anew")
    return carried
