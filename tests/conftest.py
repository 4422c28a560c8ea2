import gc
import os
import shutil
import subprocess
from pathlib import Path

import hypothesis
import pytest
from dvc.utils.serialize import modify_yaml

import stages  # noqa: F401  (pins the environment before any test imports numpy or TensorFlow)
from stages.core import artifacts
from stages.params import Params, load

REPOSITORY = Path(__file__).parents[1]
os.environ["DVC_NO_ANALYTICS"] = "1"  # in a new project DVC's are on: a process beside every command

# The same examples every time, and no deadline: a busy machine is not a fault.
hypothesis.settings.register_profile("reprise", deadline=None, derandomize=True)
hypothesis.settings.load_profile("reprise")


# What trains, or starts a server, DVC or many processes: marked `slow`, so left out of `make test-fast`.
SLOW = (
    "autoencoder/test_baselines", "autoencoder/test_stages", "benchmarks/test_benchmarks", "core/test_command",
    "core/test_environment", "core/test_model_files", "core/test_snapshot", "denoiser/test_baselines",
    "denoiser/test_recognition", "denoiser/test_train", "reprise/test_demo", "reprise/test_export", "reprise/test_text",
    "sentiment/test_stages", "sweeps/test_declaration", "test_checkouts", "textgen/test_train", "tools/test_changes",
    "tools/test_environment", "tools/test_repair", "tools/test_side_by_side", "training/test_processors",
)  # fmt: skip


def pytest_configure() -> None:
    """Until all tests are collected, Python looks for no garbage: they all stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported and collected is not looked through later on, either."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and put the longest files first: no worker is idle at the end, the small pipeline is built."""
    for item in items:
        if item.path.with_suffix("").relative_to(REPOSITORY / "tests").as_posix() in SLOW:
            item.add_marker(pytest.mark.slow)

    def rank(item: pytest.Item) -> int:
        if item.path.name in ("test_faults.py", "test_processors.py"):
            return 0
        if "pipeline" in item.keywords:
            return 2 if item.path.name == "test_pipeline.py" else 3
        return 1 if {"slow", "ray", "browser"} & set(item.keywords) else 4

    ranks: dict[Path, int] = {}
    for item in items:
        ranks[item.path] = min(ranks.get(item.path, 4), rank(item))
    items.sort(key=lambda item: ranks[item.path])


def copy_repository(folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """The files that git knows or would take, as they are now, in an empty folder; `without` names that begin so."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file() and not (without and name.startswith(without)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)


def keep_stages(folder: Path, *names: str) -> None:
    """Leave only some stages in the pipeline and the lock of a folder: DVC takes a second to read all of them."""
    for file in ("dvc.yaml", "dvc.lock"):
        with modify_yaml(folder / file) as content:  # as DVC writes it
            content["stages"] = {name: content["stages"][name] for name in names}


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def content() -> dict:
    """The committed params.yaml as plain dicts, free to change."""
    return artifacts.read_yaml(REPOSITORY / "params.yaml")


@pytest.fixture
def params() -> Params:
    return load(REPOSITORY / "params.yaml")


@pytest.fixture
def workdir(tmp_path, monkeypatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
