"""The summary of a pull request, by `.ci/changes`."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.conftest import copy_repository

METRICS = "metrics/autoencoder.json"
PICTURES = "plots/autoencoder"


def run(folder: Path, *command: str, **variables: str) -> str:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **variables})
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def commit(folder: Path) -> str:
    run(folder, "git", "add", "--all", "--force")
    run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "a commit")
    return run(folder, "git", "rev-parse", "HEAD")


def test_metrics_and_pictures_that_differ(tmp_path):
    origin, folder = tmp_path / "origin", tmp_path / "clone"
    copy_repository(origin)
    run(origin, "git", "init", "--quiet", "--initial-branch", "main")
    (origin / PICTURES / "old.png").write_bytes(b"old")
    (origin / PICTURES / "other.png").write_bytes(b"one")
    base = commit(origin)
    run(origin, "git", "clone", "--quiet", str(origin), str(folder))
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    (folder / METRICS).write_text(json.dumps(metrics | {"mse": 0.5}, indent=2) + "\n", encoding="utf-8")
    (folder / PICTURES / "old.png").unlink()
    (folder / PICTURES / "other.png").write_bytes(b"another")
    (folder / PICTURES / "new.png").write_bytes(b"new")
    head, url = commit(folder), "https://host/raw"
    metrics, _, pictures = run(folder, "bash", ".ci/changes", "origin/main", url).partition("### Pictures")
    assert re.search(r"^\| metrics/autoencoder.json *\| mse *\| 0\.\d+ *\| 0\.5 ", metrics, re.MULTILINE), metrics
    assert pictures.split("| --- | --- | --- |\n")[1].splitlines() == [
        f"| {PICTURES}/new.png |  | ![]({url}/{head}/{PICTURES}/new.png) |",
        f"| {PICTURES}/old.png | ![]({url}/{base}/{PICTURES}/old.png) |  |",
        f"| {PICTURES}/other.png | ![]({url}/{base}/{PICTURES}/other.png) | ![]({url}/{head}/{PICTURES}/other.png) |",
    ]
