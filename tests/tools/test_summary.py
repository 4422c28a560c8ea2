"""The last lines of `make repro`, in a checkout of three files."""

import json
import subprocess

import pytest

from tools import comparison, summary

LOCK = "stages:\n" + "".join(
    f"  {name}:\n    cmd: x\n    outs:\n    - path: {name}.bin\n      md5: {digest}\n"
    for name, digest in (("b", "1" * 32), ("a", "2" * 32), ("c", "3" * 32))
)
METRICS = {"mse": 0.01, "pca": {"mse": 0.02}}


@pytest.fixture
def checkout(workdir, monkeypatch):
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


def test_equal_results(checkout):
    assert summary.comparison() == "every result equals the committed one, to the bit"


def test_the_same_results_of_other_code(checkout):
    lock = LOCK.replace("    outs:", "    deps:\n    - path: code.py\n      md5: x\n    outs:")
    (checkout / "dvc.lock").write_text(lock, encoding="utf-8")
    assert summary.comparison().startswith("every result equals the committed one, to the bit; dvc.lock, which")


def test_the_first_stage_that_differs_is_named_in_the_order_of_the_pipeline(checkout):
    (checkout / "dvc.lock").write_text(LOCK.replace("1" * 32, "f" * 32).replace("3" * 32, "f" * 32), encoding="utf-8")
    content = {**METRICS, "mse": 0.0101}
    (checkout / "metrics/autoencoder.json").write_text(json.dumps(content), encoding="utf-8")
    told = summary.comparison()
    assert "though params and code do not" in told
    assert "the first stage to differ: b; metrics that differ: 1, all within their tolerance" in told


def test_a_metric_that_rounding_does_not_explain_is_named(checkout):
    (checkout / "dvc.lock").write_text(LOCK.replace("2" * 32, "f" * 32), encoding="utf-8")
    (checkout / "metrics/autoencoder.json").write_text(json.dumps({**METRICS, "mse": 0.02}), encoding="utf-8")
    told = summary.comparison()
    assert "the first stage to differ: a; metrics off by more than rounding explains: 1, autoencoder.mse first" in told


def test_an_edited_source_is_the_reason(checkout):
    (checkout / "dvc.lock").write_text(LOCK.replace("2" * 32, "f" * 32), encoding="utf-8")
    (checkout / "dvc.yaml").write_text("stages: {a: {cmd: y}}\n", encoding="utf-8")
    told = summary.comparison()
    assert "as dvc.yaml may explain" in told
    assert "first stage" not in told


def test_no_checkout(workdir):
    assert summary.comparison() == "not a Git checkout: no committed results to compare with"


def test_a_metric_that_one_of_the_two_lacks_is_beyond_any_tolerance():
    (found,) = comparison.differences({"mse": 0.0}, {}, "autoencoder")
    assert found.beyond
