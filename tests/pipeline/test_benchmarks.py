"""The parts of make bench that need no PyTorch, run quickly after a finished pipeline."""

import json

import pytest

pytestmark = pytest.mark.pipeline


@pytest.mark.parametrize(
    "name", ["serve", *(pytest.param(name, marks=pytest.mark.long) for name in ("digits", "sentiment"))]
)
def test_a_part_measures_and_changes_nothing(clone, name):
    before = clone.outputs()
    printed = clone.succeed("python", "-m", "benchmarks", name, "--quick")
    rows = [line.split(" | ") for line in printed.splitlines() if line.count(" | ") == 7]
    assert all(float(row[2]) > 0 and float(row[4]) > 0 for row in rows)
    if name == "serve":
        assert [row[4] for row in rows if row[3] == "required on 2 cores"] == ["500", "3000", "200"]
    else:
        metrics = json.loads(clone.read(f"metrics/{'denoiser' if name == 'digits' else name}.json"))
        headline = metrics["conv"]["psnr"] if name == "digits" else 100 * metrics["accuracy"]
        assert f"{headline:.4g}" in [row[2] for row in rows]
    assert clone.outputs() == before
    assert clone.succeed("git", "status", "--porcelain") == ""
