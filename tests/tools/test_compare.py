"""The last lines of `make repro`, in a checkout of three files."""

import json
import subprocess

import pytest

from tools import compare

LOCK = "stages:\n" + "".join(
    f"  {name}:\n    cmd: x\n    outs:\n    - path: {name}.bin\n      md5: {digest}\n"
    for name, digest in (("b", "1" * 32), ("a", "2" * 32), ("c", "3" * 32))
)
METRICS = {"mse": 0.01, "pca": {"mse": 0.02}, "kind": "a word"}


@pytest.fixture
def checkout(workdir):
    """A commit with three stages, a then b then c, and one task's metrics."""
    (workdir / "dvc.yaml").write_text("stages: {a: {cmd: x}, b: {cmd: x}, c: {cmd: x}}\n", encoding="utf-8")
    (workdir / "dvc.lock").write_text(LOCK, encoding="utf-8")
    (workdir / "metrics").mkdir()
    (workdir / "metrics/autoencoder.json").write_text(json.dumps(METRICS), encoding="utf-8")
    for command in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message", "x"),
    ):
        subprocess.run(["git", *command], check=True)
    return workdir


@pytest.mark.parametrize(
    ("lock", "metrics", "pipeline", "told"),
    [
        ({}, {}, "", "every result equals the committed one, to the bit"),
        # the first stage in the order of the pipeline, not of dvc.lock
        (
            {"1" * 32: "f" * 32, "3" * 32: "f" * 32},
            {"mse": 0.0101},
            "",
            "differ: b; metrics that differ: 1, 0 of them by",
        ),
        (
            {"2" * 32: "f" * 32},
            {"mse": 0.02},
            "",
            "differ: a; metrics that differ: 1, 1 of them by more than rounding explains: auto",
        ),
        ({"2" * 32: "f" * 32}, {}, "stages: {a: {cmd: y}}\n", "as dvc.yaml may explain"),
    ],
)
def test_what_is_said_of_the_results(checkout, lock, metrics, pipeline, told):
    text = LOCK
    for old, new in lock.items():
        text = text.replace(old, new)
    (checkout / "dvc.lock").write_text(text, encoding="utf-8")
    (checkout / "metrics/autoencoder.json").write_text(json.dumps(METRICS | metrics), encoding="utf-8")
    if pipeline:
        (checkout / "dvc.yaml").write_text(pipeline, encoding="utf-8")
    assert told in compare.comparison()
