"""The tables: what is told of runs, in sweeps/results and in the README."""

import ast

import pytest

from sweeps import results
from tests.conftest import REPOSITORY
from tests.test_dvc_yaml import STAGES, module_file, reached


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
