"""Killed at any moment, nothing is lost. The same with more kills: `python -m tests.pipeline.faults`."""

import pytest

from tests.pipeline.conftest import TINY
from tests.pipeline.faults import KINDS, torment

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_whatever_strikes_the_next_repro_ends_with_the_same_bytes(clone):
    table = torment(clone, kills=12, seed=7, epochs=TINY["textgen.training"]["epochs"])
    assert sum(counts["struck"] for counts in table.values()) == 12
    assert all(table[kind]["struck"] for kind in KINDS)
    assert sum(counts["resumed"] for counts in table.values()) >= 1
