"""Arrows run down only: the layout of docs/development.md, held against the code."""

import ast
import graphlib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# Room → its floor. A module may import what is in its own room, and what is on a lower floor.
FLOORS = {
    **{"stages": 0, "stages.core": 0},
    **dict.fromkeys(("stages.datasets", "stages.training", "stages.evaluation"), 1),
    **dict.fromkeys(("stages.autoencoder", "stages.denoiser", "stages.textgen", "stages.sentiment"), 2),
    "stages.report": 3,
    **dict.fromkeys(("reprise", "sweeps", "benchmarks", "tools"), 4),
}
BASEMENT = {"stages", "stages.core"}  # one room


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


FILES = [
    path.relative_to(REPOSITORY)
    for folder in ("stages", "tools", "reprise", "benchmarks", "sweeps")
    for path in sorted((REPOSITORY / folder).rglob("*.py"))
]
MODULES = {module_of(path): path for path in FILES}


def imports(module: str) -> set[str]:
    """The repository's modules that a module imports, also inside functions; `from a import b` gives a.b, or a."""
    names = set()
    for node in ast.walk(ast.parse((REPOSITORY / MODULES[module]).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= within & MODULES.keys() or {node.module}
    return {name for name in names if name in MODULES and name != module}


def room_of(module: str) -> str:
    return max((room for room in FLOORS if f"{module}.".startswith(f"{room}.")), key=len)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_its_room_and_from_lower_floors(module):
    room = room_of(module)
    above = {
        name
        for name in imports(module)
        if room_of(name) != room and not {room, room_of(name)} <= BASEMENT and FLOORS[room_of(name)] >= FLOORS[room]
    }
    # The commands on trained models are on the floor of the tools that call them.
    assert {name for name in above if room.startswith("stages") or name.startswith("stages")} == set()


def test_no_modules_import_each_other_in_a_circle():
    graphlib.TopologicalSorter({module: imports(module) for module in MODULES}).prepare()
