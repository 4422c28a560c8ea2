"""The parts of make bench that need no PyTorch, run quickly after a finished pipeline."""

import json

import pytest

pytestmark = pytest.mark.pipeline


LONG = [pytest.param(name, marks=pytest.mark.long) for name in ("digits", "sentiment", "scaling")]


@pytest.mark.parametrize("name", ["serve", *LONG])
def test_a_part_measures_and_changes_nothing(clone, name):
    before = clone.outputs()
    clone.succeed("python", "-m", f"benchmarks.{name}", "--quick")
    result = json.loads(clone.read(f"benchmarks/results/{name}.json"))["result"]
    if name == "scaling":
        rows = result["stages"]
        assert {(row["size"], row["threads"]) for row in rows} == {(0.5, 2), (1, 1), (1, 2)}
        assert all(row["seconds"] > 1 and row["memory"] > 100 for row in rows)
    elif name == "serve":
        assert all(row["ours"] > 0 and row["theirs"] > 0 for row in result)
        assert [row["theirs"] for row in result if row["peer"] == "required on 2 cores"] == [500, 500, 3000, 200]
    else:
        metrics = json.loads(clone.read(f"metrics/{'denoiser' if name == 'digits' else name}.json"))
        figures = {row["ours"] for row in result}
        headline = metrics["conv"]["psnr"] if name == "digits" else 100 * metrics["accuracy"]
        assert any(figure == pytest.approx(headline, rel=1e-5) for figure in figures if figure is not None)
        assert all(row["theirs"] is None or row["theirs"] > 0 for row in result)
    assert clone.outputs() == before
    assert clone.succeed("git", "status", "--porcelain") == ""
