"""The tables: what is told of runs, in sweeps/results and in the README."""

import ast
import re

import pytest

from sweeps import results
from tests.conftest import REPOSITORY
from tests.test_dvc_yaml import STAGES, module_file, reached
from tools import readme

ROWS = """group,params,metric,mean,std,runs,seeds,commit
autoencoder,"{""latent"": 16}",autoencoder.mse,0.021,0.001,3,7 8 9,0123456789
autoencoder,"{""latent"": 32}",autoencoder.mse,0.0103123,0.000124,3,7 8 9,0123456789
denoiser,"{""denoiser.noise_std"": 0.5}",denoiser.conv.psnr,20.5678,0.0734,3,7 8 9,0123456789
textgen,{},textgen.nats,1.4761,,1,7,0123456789
"""


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [
        (0.0103123, 0.000124, "0.01031 ± 0.00012"),
        (20.5678, 0.0734, "20.568 ± 0.073"),
        (1234.5, 67.8, "1234 ± 68"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.5, None, "0.5"),
    ],
)
def test_a_spread_is_told_in_two_digits(mean, std, told):
    assert readme.spread(mean, std) == told


def test_the_readme_has_a_column_over_seeds_once_there_is_a_sweep(workdir):
    for name in ("params.yaml", "metrics"):
        (workdir / name).symlink_to(REPOSITORY / name)
    plain = readme.results()
    assert "±" not in plain
    readme.SWEEP.parent.mkdir(parents=True)
    readme.SWEEP.write_text(ROWS, encoding="utf-8")
    lines = readme.results().splitlines()
    # The headlines stay those of the committed run; the column is of the committed params alone.
    assert [line.rsplit(" | ", 1)[0] + " |" for line in lines[:6] if "---" not in line] == [
        line for line in plain.splitlines() if "---" not in line
    ]
    column = {line.split(" | ")[0].strip("| "): line.rsplit(" | ", 1)[1].removesuffix(" |") for line in lines[:6]}
    assert column["autoencoder"] == "0.01031 ± 0.00012 (3 runs)"
    assert column["denoiser"] == "20.568 ± 0.073 (3 runs)"
    assert column["textgen"] == "1.476 (1 runs)"
    assert column["sentiment"] == ""
    assert "`0123456`" in lines[-1]
    assert re.search(r"\[sweeps/results/default\.md\]\(sweeps/results/default\.md\)", lines[-1])


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"denoiser.noise_std": 0.3, "latent": 16}, "noise_std=0.3\nlatent=16\n3 runs"),
        ({"denoiser.dense.hidden": [9, 9], "autoencoder.hidden": []}, "hidden=[9, 9]\nhidden=[]\n3 runs"),
        ({}, "as committed\n3 runs"),
    ],
)
def test_a_point_of_the_chart_is_named_in_few_letters(params, told):
    assert results.below({"params": params, "runs": 3}) == told


def test_no_stage_imports_the_sweeps():
    files = {file for stage in STAGES.values() for file in reached(module_file(stage["cmd"].split()[3]))}
    assert not any(file.startswith("sweeps/") for file in files)


def test_the_worker_needs_nothing_of_this_repository():
    tree = ast.parse((REPOSITORY / "sweeps/worker.py").read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names}.isdisjoint({"sweeps", "stages", "reprise"})
