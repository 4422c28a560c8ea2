"""What a user's machine, account and settings must not change: not a byte. One by one: tests.pipeline.environments."""

import os
import sys
from pathlib import Path

import pytest

from tests.pipeline.conftest import STAGES
from tests.pipeline.environments import settings

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_another_users_settings_change_no_byte(clone, tmp_path):
    """All of them at once, and a path with accents; `make verify` is the second run, and compares."""
    (elsewhere := tmp_path / "çà et là").mkdir()
    variables = {**settings(tmp_path / "home"), "TMPDIR": str(elsewhere)}
    previous = os.umask(0o077)
    try:
        output = clone.succeed(sys.executable, "-m", "tools.verify", **variables)
    finally:
        os.umask(previous)
    assert "verified by bytes: every output is the committed one" in output
    equal = [line.split()[:2] for line in output.splitlines() if line.endswith("  equal")]
    assert {stage for stage, _ in equal} == set(STAGES)
    folders = ("models/sizes", "report/cards", "report/charts")  # each is one output
    outputs = {next((name for name in folders if path.startswith(f"{name}/")), path) for path in clone.outputs()}
    assert {path for _, path in equal} == outputs
    assert list(Path(elsewhere).glob("reprise-verify-*")) == []
