"""dvc.yaml against the code: what a stage imports is what it depends on."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Bounds only, no values: editing it must not re-run everything.
NOT_A_DEPENDENCY = "stages/params.py"
# Folders that a stage depends on as a whole.
SHARED = {"stages/core", "stages/datasets", "stages/evaluation", "stages/report", "stages/training"}


def module_file(name: str) -> str | None:
    """The file of a repository module, or None."""
    path = Path(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (REPOSITORY / candidate).is_file():
            return candidate.as_posix()
    return None


def imported_names(file: str) -> set[str]:
    """Names imported anywhere in a file, also inside functions; `from a import b` gives a and a.b."""
    names = set()
    for node in ast.walk(ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@cache
def reached(file: str) -> frozenset[str]:
    """The repository files that a file imports, directly or through others, with itself and its packages."""
    found, waiting = set(), [file]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        packages = [(parent / "__init__.py").as_posix() for parent in Path(current).parents]
        names = imported_names(current) | {name for name in packages if (REPOSITORY / name).is_file()}
        waiting += [
            name if name.endswith(".py") else module_file(name)
            for name in names
            if name.endswith(".py") or module_file(name)
        ]
    return frozenset(path for path in found if has_code(path))


def has_code(file: str) -> bool:
    """Is there more in a file than a docstring?"""
    body = ast.parse((REPOSITORY / file).read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_one_module_of_the_repository(name):
    python, option, module, *arguments = STAGES[name]["cmd"].split()
    assert (python, option) == ("python", "-m")
    assert module_file(module), module
    assert all(argument.isalnum() for argument in arguments)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_the_code_it_imports(name):
    code = {path for path in STAGES[name]["deps"] if path.startswith("stages/")}
    imported = reached(module_file(STAGES[name]["cmd"].split()[2])) - {NOT_A_DEPENDENCY}
    folders = {path for path in code if (REPOSITORY / path).is_dir()}
    assert folders <= SHARED, "a task's own files are named one by one, so that one edit re-runs one task"
    assert folders == {folder for folder in SHARED if any(file.startswith(f"{folder}/") for file in imported)} - (
        # check reads one module of it, and must not run again because of the others
        {"stages/datasets"} if name == "check" else set()
    )
    rest = {file for file in imported if not any(file.startswith(f"{folder}/") for folder in folders)}
    assert code - folders == rest


def test_training_does_not_depend_on_the_evaluation():
    assert all("stages/evaluation" not in STAGES[name]["deps"] for name in STAGES if name.startswith("train"))


def test_the_file_is_short_and_every_stage_has_a_description():
    assert len((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 260
    for stage in STAGES.values():
        assert stage["desc"].endswith(".")


def test_every_model_is_an_artifact_with_its_own_name():
    artifacts = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    models = {out for stage in STAGES.values() for out in stage.get("outs", []) if str(out).endswith(".keras")}
    assert {entry["path"] for entry in artifacts.values()} == models
    for name, entry in artifacts.items():
        assert Path(entry["path"]).stem == name
        assert entry["type"] == "model"
        assert entry["desc"]
        assert entry["labels"]


WITHOUT_TENSORFLOW = ("check", "download", "preprocess", "report")


@pytest.mark.parametrize("name", [name for name in STAGES if name.startswith(WITHOUT_TENSORFLOW)])
def test_stages_that_need_no_network_do_without_tensorflow(name):
    module = STAGES[name]["cmd"].split()[2]
    code = f"import sys, {module}; sys.exit(bool({{'keras', 'tensorflow'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize("name", [name for name in STAGES if name.startswith(("train", "evaluate"))])
def test_what_computes_depends_on_the_seed_the_threads_and_the_kernels(name):
    assert {"seed", "threads", "kernels"} <= set(STAGES[name]["params"])


def test_every_download_waits_for_the_check():
    for name, stage in STAGES.items():
        if name.startswith("download"):
            assert "data/checked.txt" in stage["deps"]


@pytest.mark.parametrize("name", STAGES)
def test_results_are_for_git_and_all_else_for_the_cache(name):
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


@pytest.mark.parametrize("name", STAGES)
def test_series_have_a_title_and_named_axes(name):
    for entry in STAGES[name].get("plots", []):
        ((path, options),) = entry.items()
        if not path.endswith(".png"):
            assert {"template", "x", "y", "title", "x_label", "y_label"} <= set(options), path


def test_own_templates_are_json_with_dvcs_anchors():
    for path in (REPOSITORY / ".dvc" / "plots").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        json.loads(text)
        assert "<DVC_METRIC_DATA>" in text


def test_only_known_params_are_tracked(content):
    for stage in STAGES.values():
        for key in stage.get("params", []):
            section = content
            if isinstance(key, dict):
                continue
            for part in key.split("."):
                section = section[part]


def test_no_param_has_a_name_that_the_run_cache_ignores(content):
    # DVC takes these for the size of an output, wherever they stand: with another value it would restore the old run.
    assert {"size", "nfiles"}.isdisjoint(names_of(content))


def names_of(section: dict) -> Iterator[str]:
    for name, value in section.items():
        yield name
        yield from names_of(value) if isinstance(value, dict) else ()
