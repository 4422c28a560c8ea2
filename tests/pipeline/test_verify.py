"""`make verify`, of a run whose outputs a cache restores: where all is equal, where bytes or metrics differ."""

import json
import re
import sys
import tempfile
from pathlib import Path

import pytest

from stages.core import artifacts
from tests.pipeline.conftest import STAGES
from tools import verify as module
from tools.compare import HEADLINES, numbers, tolerance

pytestmark = [pytest.mark.pipeline, pytest.mark.network]
STAGE = "evaluate-autoencoder"


@pytest.fixture
def verify(clone, tmp_path, monkeypatch, capfd):
    """Verify stages of `clone`, with its cache: what would only be made a second time is restored. Leaves nothing."""

    def repro(scratch: Path, *arguments: str) -> None:
        artifacts.write_text(
            scratch / ".dvc" / "config.local", f"[cache]\n    dir = {clone.folder / '.dvc' / 'cache'}\n"
        )
        whole(scratch, *arguments)

    def run(*stages: str) -> tuple[int, str]:
        status = clone.succeed("git", "status", "--porcelain")
        code = module.main(*stages)
        assert clone.succeed("git", "status", "--porcelain") == status
        assert list(tmp_path.iterdir()) == []
        return code, capfd.readouterr().out

    whole = module.repro
    monkeypatch.setattr(module, "repro", repro)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(clone.folder)
    return run


def test_every_output_of_every_stage_is_compared(clone, verify):
    code, output = verify()
    assert code == 0, output
    assert "verified by bytes: every output is the committed one" in output
    equal = [line.split()[:2] for line in output.splitlines() if line.endswith("  equal")]
    assert {stage for stage, _ in equal} == set(STAGES)
    folders = ("models/sizes", "report/cards", "report/charts")  # each is one output
    outputs = {next((name for name in folders if path.startswith(f"{name}/")), path) for path in clone.outputs()}
    assert {path for _, path in equal} == outputs


def test_other_bytes_and_an_equal_metric(clone, verify):
    (clone.folder / "notes.txt").write_text("not committed", encoding="utf-8")
    lock = clone.read("dvc.lock")
    entry = re.search(r"path: models/autoencoder\.keras\n\s+hash: md5\n\s+md5: (\w{32})", lock)
    (clone.folder / "dvc.lock").write_text(lock.replace(entry[1], "f" * 32), encoding="utf-8")
    clone.succeed("git", "commit", "--quiet", "--all", "--message", "Another model")
    code, output = verify(STAGE)
    assert code == 0, output
    assert "not committed; they are not looked at" in output
    assert re.search(r"models/autoencoder\.keras +ffffffff +[0-9a-f]{8} +different", output)
    assert "verified by metrics, not by bytes" in output


def test_a_metric_that_is_off(clone, verify):
    (clone.folder / "notes.txt").unlink()
    path = clone.folder / "metrics" / "autoencoder.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["mse"] *= 2
    path.write_text(json.dumps(content), encoding="utf-8")
    clone.succeed("git", "commit", "--quiet", "--all", "--message", "Another result")
    code, output = verify(STAGE)
    assert code == 1
    assert "not looked at" not in output
    assert "different from the committed file" in output
    assert re.search(r"autoencoder\.mse .* OFF\n", output)
    assert "not verified: 1 of " in output


def test_not_a_checkout(clone, tmp_path):
    for name in ("stages", "tools"):
        (tmp_path / name).symlink_to(clone.folder / name)
    result = type(clone)(tmp_path).type(sys.executable, "-m", "tools.verify")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: git says: fatal: not a git repository")


@pytest.mark.parametrize("headline", HEADLINES, ids=lambda headline: headline[0])
def test_the_tolerance_of_a_headline_is_narrow(repository, headline):
    content = json.loads((repository / "metrics" / f"{headline.task}.json").read_text(encoding="utf-8"))
    committed = numbers(content)[headline.key]
    assert 0 < tolerance(f"{headline.task}.{headline.key}", committed) <= 0.02 * committed
