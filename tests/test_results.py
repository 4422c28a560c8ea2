"""The committed results: good enough, and told as they are."""

import json
import re

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
