"""The last lines of `make repro`, in a checkout of three files."""

import json

import pytest

from tests.project import Project
from tools import compare

B, A, C, OTHER = (digit * 32 for digit in "123f")
LOCK = "stages:\n" + "".join(
    f"  {name}:\n    cmd: x\n    outs:\n    - path: {name}.bin\n      md5: {digest}\n"
    for name, digest in (("b", B), ("a", A), ("c", C))
)
METRICS = {"mse": 0.01, "pca": {"mse": 0.02}, "kind": "a word"}


@pytest.fixture
def checkout(workdir):
    """A commit with three stages, a then b then c, and one task's metrics."""
    project = Project(workdir)
    project.write("dvc.yaml", "stages: {a: {cmd: x}, b: {cmd: x}, c: {cmd: x}}\n")
    project.write("dvc.lock", LOCK)
    project.write("metrics/autoencoder.json", json.dumps(METRICS))
    project.init()
    return project


@pytest.mark.parametrize(
    ("lock", "metrics", "pipeline", "told"),
    [
        ([], {}, "", "every result equals the committed one, to the bit"),
        # the first stage in the order of the pipeline, not of dvc.lock
        ([B, C], {"mse": 0.0101}, "", "differ: b; metrics that differ: 1, 0 of them by"),
        ([A], {"mse": 0.02}, "", "differ: a; metrics that differ: 1, 1 of them by more than rounding explains: auto"),
        ([A], {}, "stages: {a: {cmd: y}}\n", "as dvc.yaml may explain"),
    ],
)
def test_what_is_said_of_the_results(checkout, lock, metrics, pipeline, told):
    for digest in lock:
        checkout.replace("dvc.lock", digest, OTHER)
    checkout.write("metrics/autoencoder.json", json.dumps(METRICS | metrics))
    if pipeline:
        checkout.write("dvc.yaml", pipeline)
    assert told in compare.comparison()


def test_a_result_that_is_no_number_is_told_and_left_out():
    headline = compare.HEADLINES[-1]
    assert compare.figures(headline, {"accuracy": float("nan"), "baselines": {"nb": True}}) == ("not a number", "")
    assert compare.figures(headline, {"accuracy": 0.5, "baselines": {"nb": 0.25}}) == ("0.5", "NB n-grams 0.25")
