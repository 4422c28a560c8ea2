"""Which folder may import which: the layout of docs/development.md, held against the code."""

import ast
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

TASKS = ("autoencoder", "denoiser", "textgen", "sentiment")
# Room → the rooms that its modules may import. A room is a folder; stages/params.py and stages/check.py are their own.
MAY_IMPORT = {
    "stages": {"stages.core"},
    "stages.params": {"stages.core"},
    "stages.core": {"stages.params"},
    "stages.check": {"stages.core", "stages.params"},
    "stages.datasets": {"stages.core", "stages.params"},
    "stages.training": {"stages.core", "stages.params"},
    "stages.evaluation": {"stages.core", "stages.params"},
    "stages.report": {"stages.core", "stages.evaluation", "stages.params"},
    **{f"stages.{task}": {"stages.core", "stages.training", "stages.evaluation", "stages.params"} for task in TASKS},
}
# A step → the shared rooms that a module of this name may import, directly or through others.
STEPS = {
    "preprocess": {"stages.core", "stages.params"},
    "train": {"stages.core", "stages.training", "stages.params"},
}
LONGEST_FILE, LONGEST_FUNCTION = 300, 50  # lines; tables of cases in tests excepted
TABLES = {"tests/datasets/test_bad_input.py"}


def python_files(*folders: str) -> list[Path]:
    return sorted(
        path.relative_to(REPOSITORY)
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in python_files("stages", "tools", "reprise", "benchmarks", "sweeps")}


def imports(module: str) -> set[str]:
    """The repository's modules that a module imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse((REPOSITORY / MODULES[module]).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name in MODULES and name != module}


def room_of(module: str) -> str:
    if module in MAY_IMPORT:
        return module
    return module.rpartition(".")[0]


STAGES = [module for module in MODULES if module.split(".")[0] == "stages"]


@pytest.mark.parametrize("module", STAGES)
def test_a_module_imports_only_what_its_room_may(module):
    room = room_of(module)
    assert room in MAY_IMPORT, "a new room: say here what it may import"
    found = {room_of(name) for name in imports(module)} - {room}
    assert found <= MAY_IMPORT[room]


@pytest.mark.parametrize("module", [module for module in STAGES if module.rpartition(".")[2] in STEPS])
def test_a_step_uses_only_the_rooms_of_its_step(module):
    room, _, step = module.rpartition(".")
    reached, waiting = set(), [module]
    while waiting:
        for name in imports(waiting.pop()) - reached:
            reached.add(name)
            waiting.append(name)
    rooms = {room_of(name) for name in reached} - {room}
    assert rooms <= STEPS[step]


def test_stages_import_nothing_that_uses_them():
    for module in STAGES:
        assert {name for name in imports(module) if name.split(".")[0] != "stages"} == set(), module


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: imports(module) for module in MODULES}
    # `from stages.core import x` also names the empty stages/core/__init__.py: not an import of anything.
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for name in graph[module]:
                visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", python_files("stages", "tools", "reprise", "benchmarks", "sweeps", "tests"), ids=str)
def test_files_and_functions_are_short(path):
    text = (REPOSITORY / path).read_text(encoding="utf-8")
    if path.as_posix() in TABLES:
        return
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{node.name} is too long"
