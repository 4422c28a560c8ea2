"""dvc.yaml against the code: what a stage imports is what it depends on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.test_architecture import MODULES, imports

PIPELINE = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = PIPELINE["stages"]
# Bounds only, no values: editing it must not re-run everything.
NOT_A_DEPENDENCY = "stages/params.py"
# Folders that a stage depends on as a whole.
SHARED = {"stages/core", "stages/datasets", "stages/evaluation", "stages/report", "stages/training"}


def module_of(stage: str) -> str:
    """The module that a stage runs."""
    execute, python, option, module, *arguments = STAGES[stage]["cmd"].split()
    # Without exec a shell would stand between dvc and the stage, which could not end with dvc.
    assert (execute, python, option) == ("exec", "python", "-m")
    assert all(argument.isalnum() for argument in arguments)
    return module


def reached(module: str) -> set[str]:
    """The repository files that a module imports, directly or through others, with itself and its packages."""
    found, waiting = set(), [module]
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            packages = {".".join(module.split(".")[:depth]) for depth in range(1, module.count(".") + 1)}
            waiting += imports(module) | packages
    return {MODULES[name].as_posix() for name in found if has_code(MODULES[name])}


def has_code(path: Path) -> bool:
    """Is there more in a file than a docstring?"""
    body = ast.parse((REPOSITORY / path).read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_the_code_it_imports(name):
    code = {path for path in STAGES[name]["deps"] if path.startswith("stages/")}
    folders = {path for path in code if (REPOSITORY / path).is_dir()}
    assert folders <= SHARED, "a task's own files are named one by one, so that one edit re-runs one task"
    imported = reached(module_of(name)) - {NOT_A_DEPENDENCY}
    within = {folder for folder in SHARED if any(file.startswith(f"{folder}/") for file in imported)}
    assert folders == within
    modules = {path for path in code if path.endswith(".py")}  # the others are tables that a module reads
    assert modules == {file for file in imported if not file.startswith(tuple(f"{path}/" for path in folders))}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_what_its_kind_does(name):
    stage = STAGES[name]
    if name.startswith("download"):
        assert "data/checked.txt" in stage["deps"]
    if name.startswith(("train", "evaluate")):
        assert {"seed", "threads"} <= set(stage["params"])


def test_every_model_is_an_artifact_with_its_own_name():
    models = {out for stage in STAGES.values() for out in stage.get("outs", []) if str(out).endswith(".keras")}
    assert {entry["path"] for entry in PIPELINE["artifacts"].values()} == models
    assert all(Path(entry["path"]).stem == name for name, entry in PIPELINE["artifacts"].items())


def test_stages_that_need_no_network_do_without_tensorflow():
    modules = [module_of(name) for name in STAGES if name.startswith(("check", "download", "preprocess", "report"))]
    code = f"import sys, {', '.join(modules)}; sys.exit(bool({{'keras', 'tensorflow'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize("name", STAGES)
def test_results_are_for_git_and_all_else_is_for_the_cache(name):
    for kind, folder in {"metrics": "metrics/", "plots": "plots/"}.items():
        for entry in STAGES[name].get(kind, []):
            ((path, options),) = entry.items()
            assert path.startswith(folder)
            assert options["cache"] is False
    for entry in STAGES[name].get("outs", []):
        if name == "report":  # to be read right after a clone; made anew in seconds
            ((path, options),) = entry.items()
            assert path.startswith("report/")
            assert options == {"cache": False}
        else:
            assert isinstance(entry, str), "an uncached out has no run cache"
            assert entry.startswith(("data/", "models/")), entry
