"""Killed at any moment, nothing is lost. The same with more kills: `python -m tests.pipeline.faults`."""

import pytest

from tests.pipeline.conftest import TINY
from tests.pipeline.faults import FULL, KINDS, torment

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_whatever_strikes_the_next_repro_ends_with_the_same_bytes(clone):
    kinds = [kind for kind in KINDS if kind != FULL]  # which needs a file system of its own
    table = torment(clone, kills=12, seed=7, epochs=TINY["textgen.training"]["epochs"], kinds=kinds)
    assert sum(counts["struck"] for counts in table.values()) == 12
    assert all(counts["struck"] for counts in table.values())
    assert sum(counts["resumed"] for counts in table.values()) >= 1
