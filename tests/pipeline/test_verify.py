"""`make verify` on the small pipeline: equal, other bytes, other metrics. One task, as the rest runs no other code."""

import json
import re
import sys
import tempfile
from pathlib import Path

import pytest

from stages.summary import HEADLINES, look_up
from stages.verify import numbers, tolerance

pytestmark = [pytest.mark.pipeline, pytest.mark.network]
STAGES = ("evaluate-autoencoder",)
RUN = {"check", "download-digits", "preprocess-autoencoder", "train-sizes", "train-autoencoder", "evaluate-autoencoder"}


def scratch_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("reprise-verify-*"))


def verify(clone, *stages):
    """Run it in `clone`; it must leave nothing behind."""
    before = scratch_folders()
    status = clone.succeed("git", "status", "--porcelain")
    result = clone.type(sys.executable, "-m", "stages.verify", *stages)
    assert clone.succeed("git", "status", "--porcelain") == status
    assert scratch_folders() <= before
    return result


def test_equal_bytes(clone):
    (clone.folder / "notes.txt").write_text("not committed", encoding="utf-8")
    result = verify(clone, *STAGES)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "not committed; they are not looked at" in result.stdout
    assert "verified by bytes" in result.stdout
    assert {line.split()[0] for line in result.stdout.splitlines() if line.endswith("  equal")} == RUN
    assert "metrics are compared" not in result.stdout


def test_other_bytes_and_an_equal_metric(clone):
    (clone.folder / "notes.txt").unlink(missing_ok=True)
    lock = clone.read("dvc.lock")
    entry = re.search(r"path: models/autoencoder\.keras\n\s+hash: md5\n\s+md5: (\w{32})", lock)
    (clone.folder / "dvc.lock").write_text(lock.replace(entry[1], "f" * 32), encoding="utf-8")
    clone.succeed("git", "commit", "--quiet", "--all", "--message", "Another model")
    result = verify(clone, *STAGES)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"models/autoencoder\.keras +ffffffff +[0-9a-f]{8} +different", result.stdout)
    assert "train-autoencoder repeats itself to the bit" in result.stdout
    assert "verified by metrics, not by bytes" in result.stdout


def test_a_metric_that_is_off(clone):
    path = clone.folder / "metrics" / "autoencoder.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["mse"] *= 2
    path.write_text(json.dumps(content), encoding="utf-8")
    clone.succeed("git", "commit", "--quiet", "--all", "--message", "Another result")
    result = verify(clone, *STAGES)
    assert result.returncode == 1
    assert "different from the committed file" in result.stdout
    assert re.search(r"autoencoder\.mse .* OFF\n", result.stdout)
    assert "not verified: 1 of " in result.stdout


def test_not_a_checkout(clone, tmp_path):
    (tmp_path / "stages").symlink_to(clone.folder / "stages")
    result = type(clone)(tmp_path).type(sys.executable, "-m", "stages.verify")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: verify runs the last commit in a clone, and git says: not a git repository")


def test_a_stage_that_does_not_exist(clone):
    result = verify(clone, "train-nothing")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: the pipeline failed in the scratch clone")
    assert "train-nothing" in result.stderr


@pytest.mark.parametrize("headline", HEADLINES, ids=lambda headline: headline[0])
def test_the_tolerance_of_a_headline_is_narrow(repository, headline):
    task, _, key, _ = headline
    committed = look_up(json.loads((repository / "metrics" / f"{task}.json").read_text(encoding="utf-8")), key)
    assert 0 < tolerance(f"{task}.{key}", committed) <= 0.02 * committed


def test_numbers_of_nested_metrics():
    assert numbers({"a": 1, "b": {"c": [2.0, 3.0]}}) == [("a", 1), ("b.c.0", 2.0), ("b.c.1", 3.0)]
