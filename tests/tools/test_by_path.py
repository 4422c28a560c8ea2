"""A stage's file that is run by its path."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Python of an environment that has what `make setup` adds to it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    shutil.copyfile(REPOSITORY / "tools/by_path.py", packages / "reprise_by_path.py")
    (packages / "reprise_by_path.pth").write_text("import reprise_by_path\n", encoding="utf-8")
    return folder / "bin" / "python"


def run(python: Path, *arguments: str, folder: Path = REPOSITORY) -> subprocess.CompletedProcess:
    return subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("path", "command", "stage"),
    [
        ("stages/autoencoder/train.py", "stages.autoencoder.train", "train-autoencoder"),
        ("stages/denoiser/train.py", "stages.denoiser.train dense", "train-dense"),
        ("stages/datasets/text.py", "stages.datasets.text", "download-text"),
        ("stages/check.py", "stages.check", "check"),
    ],
)
def test_a_stage_run_by_its_path_says_what_to_type(python, path, command, stage):
    ran = run(python, path)
    assert ran.returncode == 1
    expected = f"error: run a stage from the top of the repository: python -m {command}, or: dvc repro {stage}\n"
    assert ran.stderr == expected
    inside = run(python, Path(path).name, folder=(REPOSITORY / path).parent)
    assert inside.stderr == expected


def test_a_module_that_is_no_stage(python):
    ran = run(python, "stages/core/artifacts.py")
    assert ran.stderr == "error: stages/core/artifacts.py is no stage: `dvc stage list` lists the stages\n"


def test_nothing_else_is_ended(python, tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "train.py").write_text("print('mine')", encoding="utf-8")
    assert run(python, "stages/train.py", folder=tmp_path).stdout == "mine\n"
    assert run(python, "-c", "print(1)", "stages/check.py").stdout == "1\n"
    assert run(python, "-m", "calendar", "2026").returncode == 0
    assert run(python, "tools/readme.py").stderr.count("ModuleNotFoundError") == 1


def test_make_setup_puts_it_into_the_environment():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert "tools/by_path.py" in makefile
    assert sys.version_info >= (3, 11)
