"""One small run of the real pipeline, made once, from which every test of this folder starts."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY, copy_repository
from tests.project import Project, stages_run

# Small enough for seconds; the quality of these networks does not matter.
TINY = {
    "data.limit": 600,
    "autoencoder.training": {"steps": 30, "epochs": 2, "batch": 32, "learning_rate": 0.003},
    "denoiser.dense": {"hidden": [24]},
    "denoiser.dense.training": {"steps": 30, "epochs": 2},
    "denoiser.conv": {"channels": [4, 8], "units": 16},
    "denoiser.conv.training": {"steps": 30, "epochs": 2},
    "denoiser.noise_levels": [0.25, 0.5, 1.0],
    "textgen.network": {"units": [16]},
    "textgen.training": {"steps": 30, "epochs": 2},
    "textgen.sampling": {"length": 50, "samples": 2},
    "sentiment.network": {
        **{"vocabulary": 2000, "ngrams": 20000, "length": 24},
        **dict.fromkeys(("embedding", "filters", "units"), 8),
    },
    "sentiment.training": {"steps": 8, "epochs": 2, "batch": 16, "others": 16, "negations": 16},
}
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def build(folder: Path, params: dict) -> Project:
    """The repository as it is now, in an empty folder; one full repro with `params`, committed."""
    copy_repository(folder, without=("metrics/", "plots/", "report/", "dvc.lock"))
    clone = Project(folder)
    clone.set_params(params)
    clone.init()
    # Side by side; what other tests compare with it (faults, environments, verify) is made by `dvc repro` alone.
    assert stages_run(clone.succeed("make", "--assume-old=setup", "repro", "JOBS=2")) == set(STAGES)
    clone.commit("A run")
    return clone


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Project:
    """A finished run under a path with a space, to be copied (`clone`), not to be changed; one for all workers.

    With an accent in the path all of this holds too, but for the queue: DVC cannot write its configuration then.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "a folder"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second worker waits here for the first
        if not (folder / "finished").exists():
            shutil.rmtree(folder / "clone", ignore_errors=True)  # of a worker that failed
            (folder / "clone").mkdir()
            build(folder / "clone", TINY)
            (folder / "finished").touch()
    return Project(folder / "clone")


@pytest.fixture(scope="module")
def clone(built, tmp_path_factory) -> Project:
    """A copy of `built`, cache and all, for the tests of one file to change."""
    return built.copy(tmp_path_factory.mktemp("another folder"))
