import ast
from pathlib import Path

import numpy as np

from stages.core.rng import rng

ROOT = Path(__file__).parents[2]


def streams() -> list[str]:
    """The names of all streams of random numbers that the stages draw from, an f-string's as it is written."""
    calls = [
        node
        for path in sorted(ROOT.glob("stages/**/*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rng"
    ]
    return [ast.unparse(call.args[1]) for call in calls]


def test_no_two_places_draw_the_same_random_numbers():
    assert len(streams()) > 8
    assert len(set(streams())) == len(streams())


def test_streams_are_drawn_by_name_alone():
    # characters.py stands beside exported models and hashes a name of its own; split.py draws once for each dataset.
    allowed = {"stages/core/rng.py", "stages/core/split.py", "stages/textgen/characters.py"}
    found = {str(path.relative_to(ROOT)) for path in ROOT.glob("stages/**/*.py") if "default_rng" in path.read_text()}
    assert found == allowed


def test_streams_whose_names_or_numbers_differ_at_all_have_other_numbers():
    calls = [(7, "a"), (7, "a", 3), (7, "a", 3, 0), (7, "b"), (3, "a"), (3, "a", 7), (7, "a", 1, 11), (7, "a", 11, 1)]
    drawn = {call: rng(*call).integers(2**63) for call in calls}
    assert len(set(drawn.values())) == len(calls)
    assert np.random.default_rng([7, 3]).integers(2**63) not in drawn.values()  # a split
    assert all(rng(*call).integers(2**63) == number for call, number in drawn.items())
