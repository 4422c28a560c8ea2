"""Interrupted at any moment, and with another user's settings, the pipeline makes every byte again.

Faults alone, and more of them: `python -m tests.pipeline.faults`. Settings one by one: `python -m
tests.pipeline.environments`.
"""

import os

import pytest
import yaml

from tests.conftest import keep_stages
from tests.pipeline.conftest import TINY
from tests.pipeline.environments import SETTINGS, settings
from tests.pipeline.faults import FAULTS, interrupt, plan
from tests.project import Project

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


AUTOENCODER = (
    *("check", "download-digits", "preprocess-autoencoder"),
    *("train-sizes", "train-autoencoder", "evaluate-autoencoder"),
)


def keep(clone: Project, *stages: str) -> None:
    """Leave only some stages in a clone, and their outputs."""
    keep_stages(clone.folder, *stages)
    locked = yaml.safe_load(clone.read("dvc.lock"))["stages"]
    kept = [entry["path"] for stage in locked.values() for entry in stage["outs"]]
    for name in clone.outputs():
        if not name.startswith(tuple(kept)):
            (clone.folder / name).unlink()
    clone.succeed("git", "commit", "--quiet", "--all", "--message", "Some stages")


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param(AUTOENCODER, id="one task", marks=pytest.mark.short),
        pytest.param((), id="all", marks=pytest.mark.long),
    ],
)
def test_after_any_fault_the_next_repro_ends_with_the_same_bytes_whatever_the_users_settings(built, tmp_path, stages):
    """All settings at once, a temporary folder with accents, and files that nobody else may read.

    On one task, without what concerns bytecode.
    """
    clone = built.copy(tmp_path / "clone")
    (elsewhere := tmp_path / "çà et là").mkdir()
    names = list(SETTINGS)
    variables = {"TMPDIR": str(elsewhere)}
    if stages:
        keep(clone, *stages)
        # With the bytecode of the packages as it is, none that a fault can cut: else TensorFlow is compiled first.
        names.remove("PYTHONOPTIMIZE=2")
        variables |= {"PYTHONPYCACHEPREFIX": "", "PYTHONDONTWRITEBYTECODE": "1"}
    variables |= settings(tmp_path / "home", *names)
    order = list(yaml.safe_load(clone.read("dvc.lock"))["stages"])
    strikes = plan(len(FAULTS), seed=41, epochs=TINY["textgen.training"]["epochs"], order=order, longest=4)
    previous = os.umask(0o077)
    try:
        counts = interrupt(clone, strikes, **variables)
    finally:
        os.umask(previous)
    assert [counts[kind] for kind in FAULTS] == [1] * len(FAULTS)
    assert counts["resumed"] >= 1
