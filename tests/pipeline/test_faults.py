"""Interrupted at any moment, the pipeline loses nothing. With more faults: `python -m tests.pipeline.faults`."""

import pytest

from tests.pipeline.conftest import TINY
from tests.pipeline.faults import interrupt
from tests.pipeline.injection import FULL, KINDS

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_after_any_fault_the_next_repro_ends_with_the_same_bytes(clone):
    kinds = [kind for kind in KINDS if kind != FULL]  # which needs a file system of its own
    table = interrupt(clone, kills=len(kinds), seed=7, epochs=TINY["textgen.training"]["epochs"], kinds=kinds)
    assert [counts["struck"] for counts in table.values()] == [1] * len(kinds)
    assert sum(counts["resumed"] for counts in table.values()) >= 1
