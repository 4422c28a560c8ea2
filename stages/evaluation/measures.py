"""Measures shared by all evaluations: confidence intervals and the layers of a network."""

import re
from typing import Any

import numpy as np

from stages.core.rng import rng


def interval(values: np.ndarray, *, seed: int, resamples: int = 2000) -> list[float]:
    """95 % percentile bootstrap interval [low, high] of the mean of `values`, shape (n,).

    To compare two methods on the same rows, pass the differences: the comparison is then paired. Method: Efron &
    Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3.
    """
    values = np.asarray(values, np.float64)
    generator = rng(seed, "bootstrap", len(values))
    means = [values[generator.integers(len(values), size=len(values))].mean() for _ in range(resamples)]
    return [float(bound) for bound in np.quantile(means, [0.025, 0.975])]


def share_interval(correct: np.ndarray) -> list[float]:
    """95 % Wilson score interval [low, high] of the share of true items, bool, shape (n,), n at least 1.

    Unlike the bootstrap's it does not collapse where all items are true, or none. Method: Wilson 1927, "Probable
    Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical Association 22.
    """
    from scipy.stats import binomtest  # here: half a second that few need

    return list(binomtest(int(np.sum(correct)), len(correct)).proportion_ci(method="wilson"))


def layers(model: Any) -> list[dict[str, Any]]:
    """The inputs of a Keras model and its layers with weights, in order; "index_1", "index_2" and so on in a row.

    Returns:
        Rows of `layer`, `kind`, `output` (its shape without the batch; "n" where it follows the input), `values` (how
        many numbers come out, counted once where the length is n) and `parameters`.
    """
    rows = []
    for layer in model.layers:
        kind, parameters = type(layer).__name__, layer.count_params()
        if kind == "InputLayer" or parameters:
            sizes = layer.output.shape[1:]
            about = {"layer": layer.name, "kind": "Input" if kind == "InputLayer" else kind}
            output = " × ".join(str(size or "n") for size in sizes)
            values = int(np.prod([size for size in sizes if size], dtype=np.int64))
            rows.append({**about, "output": output, "values": values, "parameters": parameters})
    named = [re.fullmatch(r"(.*?)(?:_(\d+))?", row["layer"]).groups("0") for row in rows]  # name, and its number
    stems = [stem for stem, _ in named]
    order = sorted(range(len(rows)), key=lambda place: (stems.index(stems[place]), int(named[place][1])))
    return [rows[place] for place in order]
