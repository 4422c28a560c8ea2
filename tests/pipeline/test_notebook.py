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


def outputs(client: nbclient.NotebookClient) -> list[dict]:
    """The outputs of all cells, run one after the other."""
    cells = [cell for cell in client.nb.cells if cell["cell_type"] == "code"]
    for cell in cells:
        cell["outputs"] = []
        client.execute_cell(cell, client.nb.cells.index(cell))
    return [output for cell in cells for output in cell["outputs"]]


def text(outputs: list[dict]) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def pictures(outputs: list[dict]) -> list[str]:
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.long
@pytest.mark.pipeline
@pytest.mark.network
def test_every_cell_runs_and_every_value_changes_what_it_shows(clone):
    notebook = nbformat.reads(clone.read(NOTEBOOK), as_version=4)
    nbformat.validate(notebook)
    folder = str((clone.folder / NOTEBOOK).parent)  # where Jupyter runs it
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}})
    with client.setup_kernel():
        first = outputs(client)
        for old, new in CHANGES.items():
            (cell,) = [cell for cell in notebook.cells if old in cell["source"]]
            cell["source"] = cell["source"].replace(old, new)
        second = outputs(client)
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
