"""The summary of a pull request, by `.ci/changes`."""

import json
import re

from tests.conftest import copy_repository
from tests.project import Project

METRICS = "metrics/autoencoder.json"
PICTURES = "plots/autoencoder"


def test_metrics_and_pictures_that_differ(tmp_path):
    origin, clone = Project(tmp_path / "origin"), Project(tmp_path / "clone")
    copy_repository(origin.folder)
    for name in ("old", "other"):
        origin.write(f"{PICTURES}/{name}.png", name)
    origin.init()
    origin.succeed("git", "clone", "--quiet", ".", str(clone.folder))
    clone.write(METRICS, json.dumps(json.loads(clone.read(METRICS)) | {"mse": 0.5}, indent=2) + "\n")
    (clone.folder / PICTURES / "old.png").unlink()
    for name in ("new", "other"):
        clone.write(f"{PICTURES}/{name}.png", "another")
    for option in ("user.name=a", "user.email=a@b"):
        clone.succeed("git", "config", *option.split("="))
    clone.commit("Other metrics and pictures")
    base, head = clone.succeed("git", "rev-parse", "origin/HEAD", "HEAD").split()
    told = clone.type("bash", ".ci/changes", "origin/HEAD", url := "https://host/raw").stdout
    metrics, _, pictures = told.partition("### Pictures")
    assert re.search(r"^\| metrics/autoencoder.json *\| mse *\| 0\.\d+ *\| 0\.5 ", metrics, re.MULTILINE), metrics
    assert pictures.split("| --- | --- | --- |\n")[1].splitlines() == [
        f"| {PICTURES}/new.png |  | ![]({url}/{head}/{PICTURES}/new.png) |",
        f"| {PICTURES}/old.png | ![]({url}/{base}/{PICTURES}/old.png) |  |",
        f"| {PICTURES}/other.png | ![]({url}/{base}/{PICTURES}/other.png) | ![]({url}/{head}/{PICTURES}/other.png) |",
    ]
