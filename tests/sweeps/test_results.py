"""The tables in sweeps/results."""

import json

import pytest

from stages.core.errors import StageError
from sweeps import declaration, results


@pytest.mark.parametrize("value", [float("nan"), True, "0.5"])
def test_a_metric_that_is_not_a_number_is_a_line(project, monkeypatch, value):
    sweep = declaration.load("sweeps/small.yaml")
    metrics = {"mse": value, "pca": {"mse": 0.5}}
    project.write("metrics/autoencoder.json", json.dumps(metrics))
    project.commit("Not a number")
    name = next(iter(sweep.all))
    monkeypatch.setattr(results, "existing", lambda: {name: "HEAD"})
    with pytest.raises(StageError) as error:
        results.write(sweep)
    assert str(error.value) == f"sweeps/small.yaml: the experiment {name} has no number autoencoder.mse"
