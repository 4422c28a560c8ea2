"""The variables of the report's templates, computed from the results: comparisons, extremes, costs of a threshold.

All of them are computed, so that the report of another run, such as `dvc exp run -S latent=64`, describes that run.
"""

from typing import Any

from stages.core.digits import SIDE
from stages.params import Params
from stages.report.context import autoencoder, denoiser, sentiment, textgen
from stages.report.measured import Measured, Word


def of(results: dict[str, Any], params: Params) -> dict[str, Any]:
    """All variables of the templates.

    Args:
        results: of `stages.report.results.read`.
        params: all of params.yaml.
    """
    metrics, table, texts = results["metrics"], results["table"], results["texts"]
    steps = Measured(2 * params.sentiment.training.steps, ["params.yaml sentiment.training.steps"])
    return {
        "datasets": results["datasets"],
        "pixels": Word(str(SIDE * SIDE), []),
        "side": Word(str(SIDE), []),
        "autoencoder": metrics["autoencoder"]
        | autoencoder.variables(metrics["autoencoder"], table)
        | {"augmented": params.autoencoder.training.shifted > 0},
        "denoiser": metrics["denoiser"] | denoiser.variables(metrics["denoiser"], table, texts["invented"]),
        "textgen": metrics["textgen"] | textgen.variables(metrics["textgen"], table, texts),
        "sentiment": metrics["sentiment"]
        | sentiment.variables(metrics["sentiment"], table, texts)
        | {"more_steps": steps},
    }
