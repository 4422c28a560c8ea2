"""The options of `python -m stages.<task>.evaluate --data PATH`; what it measures: tests/pipeline/test_external.py."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.evaluation import external

TASKS = sorted(external.DATASETS)


@pytest.fixture
def no_tensorflow(tmp_path) -> dict[str, str]:
    """An environment in which importing Keras or TensorFlow ends the command with a status of its own."""
    for name in ("keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(99)\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def evaluate(task, *arguments, environment, repository):
    command = [sys.executable, "-m", f"stages.{task}.evaluate", *arguments]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("task", TASKS)
def test_help_does_not_wait_for_tensorflow(task, no_tensorflow, repository):
    result = evaluate(task, "--help", environment=no_tensorflow, repository=repository)
    assert result.returncode == 0
    assert f"data.{external.DATASETS[task]} in params.yaml" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("autoencoder", ["--model", "a.keras"], "required: --data"),
        ("autoencoder", ["--data", "x", "--noise-std", "1"], "unrecognized arguments: --noise-std 1"),
        ("autoencoder", ["data"], "required: --data"),
        ("denoiser", ["--data", "x", "--noise-std", "0"], "--noise-std: it should be above 0 and at most 10"),
        ("denoiser", ["--data", "x", "--noise-std", "nan"], "--noise-std: it should be above 0 and at most 10"),
        ("denoiser", ["--data", "x", "--noise-std", "much"], "--noise-std: invalid noise value: 'much'"),
        ("textgen", ["--data", "x", "--limit", "0"], "--limit: it should be at least 1"),
        ("sentiment", ["--data", "x", "--limit", "all"], "--limit: invalid count value: 'all'"),
    ],
)
def test_a_mistake_in_the_options_is_a_usage_error(task, arguments, message, no_tensorflow, repository):
    result = evaluate(task, *arguments, environment=no_tensorflow, repository=repository)
    assert result.returncode == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_without_options_it_is_the_stage(no_tensorflow, repository, monkeypatch):
    assert evaluate("textgen", environment=no_tensorflow, repository=repository).returncode == 99
    monkeypatch.setattr(sys, "argv", ["pytest", "--data", "x"])
    assert external.options("stages.textgen.evaluate", "textgen") is None


def test_the_sources_own_test_half_is_measured():
    test = np.array([False, True, False, True, True, True])
    assert external.rows(test, None).tolist() == [1, 3, 4, 5]
    assert external.rows(test, 2).tolist() == [1, 4]
    assert external.rows(np.zeros(5, bool), None).tolist() == [0, 1, 2, 3, 4]


def test_a_model_of_another_task_is_refused():
    model = SimpleNamespace(name="textgen", input_shape=(None, None), output_shape=(None, None, 81))
    with pytest.raises(StageError, match=r"'textgen'.*is not a denoiser of digits"):
        external.need(model, False, "a denoiser of digits")
    external.need(model, True, "a text model")


def test_data_that_was_trained_on_is_known_by_its_hash(workdir):
    source = SimpleNamespace(PROVENANCE="data/raw/text.json")
    provenance = {"source": "my/book.txt", "sha256": "ab", "counts": np.array([1, 2])}
    data = SimpleNamespace(provenance=provenance)
    assert not external._trained_on(source, data)
    artifacts.write_json(source.PROVENANCE, provenance)
    assert external._trained_on(source, SimpleNamespace(provenance={**provenance, "source": "/home/me/my/book.txt"}))
    assert not external._trained_on(source, SimpleNamespace(provenance={**provenance, "sha256": "cd"}))


# An evaluation without a model and without data: what is tested is where its output goes.
EMPTY = """
import argparse, importlib
from types import SimpleNamespace
from stages.core import artifacts, model_files
from stages.evaluation import external

model_files.read = lambda path: None
data = SimpleNamespace(provenance={"source": "here"})
importlib.import_module = lambda name: SimpleNamespace(load=lambda path: data, PROVENANCE="nowhere")
options = argparse.Namespace(model=None, data="here")
external.run(lambda *_: print("of a loader") or {"measure": 1}, options, dataset="text", model="m.keras")
"""


@pytest.mark.parametrize(
    ("redirection", "status", "error"),
    [
        (">&-", 1, "error: standard output is closed\n"),
        ("> /dev/full", 1, "error: cannot write standard output: No space left on device\n"),
        ("| (exec <&-; sleep 1)", 0, "error: cannot write standard output: Broken pipe\n"),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        ("", 0, ""),
    ],
)
def test_any_standard_output_gets_the_json_or_is_a_line(repository, redirection, status, error):
    command = ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, EMPTY]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert result.stderr.replace("of a loader\n", "") == error
    assert error or json.loads(result.stdout)["measure"] == 1
