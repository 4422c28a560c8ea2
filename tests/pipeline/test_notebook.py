"""The tour runs from its first cell to its last, on the results of the small pipeline."""

import json

import nbclient
import nbformat
import pytest

from tests.conftest import REPOSITORY

NOTEBOOK = "notebooks/tour.ipynb"
# What a reader is asked to change, and to what.
CHANGES = {
    "position = 0 ": "position = 1 ",
    "noise = 0.5 ": "noise = 0.1 ",
    "temperature = 0.8 ": "temperature = 2 ",
    "threshold = 0.5 ": "threshold = 0.99 ",
}


def outputs(clone, changes: dict[str, str]) -> list[dict]:
    """The outputs of all cells, run as Jupyter does: in the notebook's folder."""
    source = clone.read(NOTEBOOK)
    for old, new in changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    notebook = nbformat.reads(source, as_version=4)
    nbformat.validate(notebook)
    folder = str((clone.folder / NOTEBOOK).parent)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text(outputs: list[dict]) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def pictures(outputs: list[dict]) -> list[str]:
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.long
@pytest.mark.pipeline
@pytest.mark.network
def test_every_cell_runs_and_every_value_changes_what_it_shows(clone):
    first, second = outputs(clone, {}), outputs(clone, CHANGES)
    accuracy = json.loads(clone.read("metrics/sentiment.json"))["accuracy"]
    assert f"accuracy {accuracy:.3f} on test reviews" in text(first)
    assert f"results of {clone.folder}" in text(first)
    assert len(pictures(first)) == len(pictures(second)) == 3
    copies, code, denoised = zip(pictures(first), pictures(second), strict=True)
    assert copies[0] == copies[1]
    assert code[0] != code[1]
    assert denoised[0] != denoised[1]
    lines = [text(run).partition("nats per character")[2].partition("accuracy") for run in (first, second)]
    assert lines[0][0] != lines[1][0]
    assert lines[0][2] != lines[1][2]
    assert clone.succeed("git", "status", "--porcelain") == ""


def test_no_output_is_committed():
    notebook = json.loads((REPOSITORY / NOTEBOOK).read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []
