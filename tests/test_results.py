"""The committed results: good enough, and told as they are."""

import json
import re

import pandas as pd
import pytest

from tests.conftest import REPOSITORY
from tools import tables
from tools.compare import numbers


@pytest.fixture(scope="module")
def metrics() -> dict:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (REPOSITORY / "metrics").glob("*.json")}


@pytest.mark.parametrize(
    ("task", "key", "least", "most"),
    [
        ("autoencoder", "mse", 0, 0.0100),
        ("denoiser", "conv.psnr", 19, 100),
        ("textgen", "nats", 0, 1.70),
        ("sentiment", "accuracy", 0.88, 1),
    ],
)
def test_every_task_reaches_its_bar(metrics, task, key, least, most):
    assert least < numbers(metrics[task])[key] < most


@pytest.mark.parametrize("task", ["autoencoder", "denoiser", "textgen", "sentiment"])
def test_the_metrics_of_a_task_fit_into_a_terminal(repository, monkeypatch, metrics, task):
    monkeypatch.chdir(repository)
    assert len(numbers(metrics[task])) <= 12
    assert max(map(len, tables.metrics(task).splitlines())) <= 100


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))], ids=str)
def test_the_generated_tables_are_the_committed_ones(repository, monkeypatch, page):
    monkeypatch.chdir(repository)
    text = page.read_text(encoding="utf-8")
    assert tables.filled(text) == text, "run `python -m tools.tables`"


def test_the_committed_report_is_of_the_committed_metrics(repository, metrics):
    report = (repository / "report" / "README.md").read_text(encoding="utf-8")
    page = (repository / "report" / "index.html").read_text(encoding="utf-8")
    for figure in (f"{metrics['autoencoder']['mse']:.4f}", f"{metrics['textgen']['nats']:.3f}"):
        assert f" {figure} |" in report
        assert f"<td>{figure}</td>" in page
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert len(re.sub(r"<[^>]*>", " ", body).split()) <= 5000  # words that a student is asked to read, sources included


def numbers_of(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers_of(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers_of(item)]
    return [float(value)] if isinstance(value, int | float) else []


def test_every_decimal_number_the_readme_quotes_was_measured(metrics, params):
    """A number quoted as 0.93 or 93.0 % rounds one in metrics/, plots/, sweeps/results/ or params.yaml."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    quoted = text[text.index("## Results") : text.index("## Change one thing")]
    known = [*numbers_of(metrics), *numbers_of(params.model_dump())]
    for path in [*(REPOSITORY / "plots").rglob("*.csv"), *(REPOSITORY / "sweeps" / "results").glob("*.csv")]:
        known += [float(value) for value in pd.read_csv(path).select_dtypes("number").to_numpy().ravel()]
    known += [1 - value for value in known]
    for match in re.finditer(r"(\d+\.(\d+))(?: (%|points?))?", quoted):
        scale = 100 if match[3] else 1
        told, half = float(match[1]), 0.5 * 10 ** -len(match[2])
        assert any(abs(abs(value) * scale - told) <= half * 1.0001 for value in known), match[0]
