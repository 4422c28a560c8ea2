from pathlib import Path

import hypothesis
import pytest
import yaml

import stages  # noqa: F401  (pins the environment before any test imports numpy or TensorFlow)
from stages.params import Params, load

REPOSITORY = Path(__file__).parents[1]

# The same examples every time, and no deadline: a busy machine is not a fault.
hypothesis.settings.register_profile("reprise", deadline=None, derandomize=True)
hypothesis.settings.load_profile("reprise")


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def content() -> dict:
    """The committed params.yaml as plain dicts, free to change."""
    return yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def params() -> Params:
    return load(REPOSITORY / "params.yaml")


@pytest.fixture
def workdir(tmp_path, monkeypatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
