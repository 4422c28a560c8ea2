"""The real dvc.yaml, on little data and few steps, in a scratch clone: what a user types, and what must happen.

The tests of this file run in order, each on what the ones before it left.
"""

import json
import re

import matplotlib.image
import pandas as pd
import pytest

from tests.datasets.conftest import put
from tests.pipeline.conftest import STAGES
from tests.project import differing, stages_run
from tools.compare import numbers

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_every_file_dvc_yaml_names_was_made_and_is_what_its_name_says(clone):
    for stage in STAGES.values():
        for entry in [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]:
            ((name, options),) = entry.items() if isinstance(entry, dict) else [(entry, {})]
            path = clone.folder / name
            assert path.is_dir() or path.stat().st_size > 0, name
            if name.startswith("metrics/"):
                text = path.read_text(encoding="utf-8")
                assert not re.search(r': ("|null|NaN)', text), name
                assert all(abs(value) < 1e9 for value in numbers(json.loads(text)).values()), name
            elif name.startswith("plots/") and path.suffix == ".csv":
                assert {options["x"], options["y"]} <= set(pd.read_csv(path).columns), name
            elif name.startswith("plots/"):
                height, width, _ = matplotlib.image.imread(path).shape
                assert 100 < height < 4000 and 200 < width < 2400, name


def test_no_output_holds_a_path_of_this_machine(clone):
    for name, content in clone.outputs().items():
        assert str(clone.folder).encode() not in content, name


def test_data_and_models_are_not_for_git(clone):
    tracked = clone.succeed("git", "ls-files").splitlines()
    assert not [name for name in tracked if name.startswith(("data/", "models/"))]
    assert {"dvc.lock", "metrics/autoencoder.json", "plots/autoencoder/reconstructions.png"} <= set(tracked)


def test_a_second_repro_runs_nothing(clone):
    assert "Data and pipelines are up to date." in clone.succeed("dvc", "repro")
    assert clone.succeed("git", "status", "--porcelain") == ""


def test_another_latent_runs_what_depends_on_it(clone):
    output = clone.succeed("dvc", "exp", "run", "--name", "wide", "--set-param", "latent=64")
    expected = {name for name, stage in STAGES.items() if "latent" in stage.get("params", [])}
    expected |= {"check", "evaluate-autoencoder", "evaluate-denoiser", "report"}
    assert stages_run(output) == expected
    assert "already trained" in output  # 64 is one of compare_latents
    difference = json.loads(clone.succeed("dvc", "metrics", "diff", "--json"))
    assert difference["metrics/autoencoder.json"]["mse"]["diff"] != 0
    assert "encoded as 64 numbers" in clone.read("report/README.md")
    assert "dvc exp run -S latent=128" in clone.read("report/README.md")
    assert "latent" in clone.succeed("dvc", "params", "diff")
    assert "wide" in clone.succeed("dvc", "exp", "show", "--csv")


def test_going_back_trains_nothing(clone):
    output = clone.succeed("dvc", "exp", "run", "--set-param", "latent=32")
    assert not {name for name in stages_run(output) if name.startswith("train")}
    assert clone.succeed("git", "status", "--porcelain") == ""


def test_a_size_that_is_not_compared_is_trained_alone(clone):
    output = clone.succeed("dvc", "exp", "run", "--set-param", "latent=24", "train-autoencoder")
    assert stages_run(output) == {"check", "train-autoencoder"}
    assert "autoencoder-24: trained in" in output
    clone.succeed("git", "checkout", "params.yaml", "dvc.lock", "metrics", "plots", "report")
    clone.succeed("dvc", "checkout")
    assert clone.succeed("git", "status", "--porcelain") == ""


def test_a_mistake_in_params_costs_nothing(clone):
    before = clone.outputs()
    result = clone.type("dvc", "exp", "run", "--set-param", "latent=0")
    assert result.returncode != 0
    output = result.stdout + result.stderr
    assert "params.yaml: latent is 0; it should be greater than or equal to 1" in output
    assert stages_run(output) == {"check"}
    assert clone.succeed("git", "status", "--porcelain") == " M params.yaml\n"
    assert differing(before, clone.outputs()) in ([], ["data/checked.txt"])
    clone.succeed("git", "checkout", "params.yaml")
    assert "Running stage 'train" not in clone.succeed("dvc", "repro")


def test_queued_experiments_run(clone, tmp_path):
    """A queued experiment runs in a copy of the repository: own data are found by an absolute path."""
    book = put(tmp_path / "books/my-book.txt", "Another time, another fox; nobody asked.\n" * 200)
    queue = ("dvc", "exp", "run", "--queue", "--name")
    changes = ("--set-param", "latent=32,64", "--set-param", f"data.text={book}")
    clone.succeed(*queue, "size", *changes, "evaluate-autoencoder", "preprocess-textgen")
    clone.succeed("dvc", "exp", "run", "--run-all")
    shown = clone.succeed("dvc", "exp", "show", "--csv", "--drop", ".*/.*")
    assert {"size-1", "size-2"} <= set(re.findall(r"size-\d", shown))
    name = next(line for line in clone.succeed("git", "for-each-ref", "refs/exps").splitlines() if "/size-1" in line)
    assert clone.succeed("git", "show", f"{name.split()[0]}:params.yaml").count("books/my-book.txt") == 1
    assert clone.succeed("git", "status", "--porcelain") == ""


def test_experiments_fit_80_columns(clone):
    output = clone.succeed("make", "--silent", "--assume-old=setup", "experiments")
    assert {"size-1", "size-2"} <= set(re.findall(r"size-\d", output))
    assert "| latent |" in output
    assert max(map(len, output.splitlines())) <= 80


def test_two_experiments_are_one_table(clone):
    output = clone.succeed("make", "--silent", "--assume-old=setup", "compare", "A=size-1", "B=size-2")
    output = output.strip().splitlines()
    assert {line.count("|") for line in output} == {6}
    assert sum(line.startswith("|--") for line in output) == 1
    assert any("latent" in line and "params.yaml" in line for line in output)
    assert any("| mse " in line for line in output)
    assert clone.type("make", "--assume-old=setup", "compare").returncode != 0
