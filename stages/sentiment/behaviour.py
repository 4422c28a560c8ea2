"""What the classifier makes of single sentences: a table written by hand, measured and never trained or tuned on.

Each sentence tests one capability, as Ribeiro, Wu, Guestrin & Singh 2020, "Beyond Accuracy: Behavioral Testing of NLP
Models with CheckList", ACL, pp. 4902-4912, has it; each capability has as many negative sentences as positive ones.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.core import artifacts
from stages.sentiment.scores import CLASSES


def read() -> Any:
    """The table as a DataFrame: capability, label (0 or 1), sentence."""
    return artifacts.read_csv(Path(__file__).with_name("behaviour.csv"), text=["capability", "sentence"])


def measure(table: Any, probability: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Accuracies at 0.5 on the n sentences, from the probabilities of a positive text by method, shape (n,) each.

    Returns:
        `sentences`, their number; `capabilities`, rows of `capability`, `sentences`, and per method the accuracies on
        the `negative` and the `positive` ones; `mean` over all sentences by method.
    """
    right = pd.DataFrame({name: (of_text >= 0.5) == table["label"] for name, of_text in probability.items()})
    rows = []
    for capability, some in table.groupby("capability", sort=False):
        found = right.loc[some.index].groupby(some["label"]).mean().set_axis(CLASSES).to_dict()
        rows.append({"capability": capability, "sentences": len(some), **found})
    return {"sentences": len(table), "capabilities": rows, "mean": right.mean().to_dict()}
