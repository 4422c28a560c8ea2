"""The code of the benchmarks that needs no PyTorch; tests/pipeline/test_benchmarks.py runs parts of `make bench`."""

import subprocess
import sys

import pandas as pd
import pytest

from benchmarks import __main__ as table
from benchmarks import common, pipeline
from stages.core import artifacts
from tests.conftest import REPOSITORY


@pytest.fixture
def settings(workdir, content):
    """An empty folder with the committed params.yaml."""
    artifacts.write_bytes("params.yaml", (REPOSITORY / "params.yaml").read_bytes())
    return content


def row(ours, theirs, better="lower", measure="s", interval=None):
    return common.Row("task", measure, ours, "peer", theirs, better, interval, "as seen")


@pytest.mark.parametrize(
    ("given", "winner", "comparison"),
    [
        (row(1.0, 2.0), "ours", "0.5 ×"),
        (row(2.0, 2.0), "equal", "1 ×"),
        (row(90.0, 91.0, "higher", "accuracy, %"), "**theirs**", "-1.00"),
        (row(93.0, 92.6, "higher", "accuracy, %", [-0.4, 1.2]), "no significant difference", "+0.40"),
    ],
)
def test_the_table_says_which_is_better(given, winner, comparison):
    cells = dict(zip(table.COLUMNS, table.cells(given), strict=True))
    assert (cells["Better"], cells["Ratio"]) == (winner, comparison)
    assert cells["Notes"].endswith("as seen")


def test_a_scratch_folder_changes_params_there_alone(settings):
    before = artifacts.read_text("params.yaml")
    with common.scratch({"textgen.training.steps": 7, "threads": 1}) as folder:
        there = common.params.load(folder / "params.yaml")
        usage = common.stage(folder, "check")
        assert (folder / "data/checked.txt").exists()
    assert (there.textgen.training.steps, there.threads) == (7, 1)
    assert there.textgen.training.batch == settings["textgen"]["training"]["batch"]
    assert artifacts.read_text("params.yaml") == before
    assert not folder.exists()
    assert usage.cpu > 0.05
    assert usage.seconds > 0.05


def test_what_a_table_has_is_not_measured_again(workdir):
    draws = [{"reviews": 500, "seed": seed} for seed in (7, 8)]
    table = workdir / "table.csv"
    common.complete(table, draws[:1], lambda **_: {"accuracy": 0.5}, keep=True)
    common.complete(table, draws, lambda **_: {"accuracy": 0.6}, keep=True)
    assert table.read_text().splitlines() == ["reviews,seed,accuracy", "500,7,0.5", "500,8,0.6"]


def test_a_missing_input_ends_in_one_line(settings):
    variables = {**common.ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "benchmarks", "sentiment"]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1].startswith("error: data/sentiment/evaluation.json does not exist")


def test_the_table_of_the_pipeline_has_both_commits_and_their_ratio():
    seconds = {"old": {"gone": 3, "train": 60}, "new": {"train": 30, "more": 9}}
    rows = [
        {"way": way, "stage": stage, "seconds": cpu / 2, "cpu": cpu}
        for way, stages in seconds.items()
        for stage, cpu in stages.items()
    ]
    table = pipeline.table(pd.DataFrame(rows))
    assert table.loc["train", "ratio"].item() == 0.5
    assert set(table.index) == {"gone", "train", "more", "whole"}
    assert table.loc["whole", ("cpu", "old")] == 63
