"""The commands as a user types them, on the models of the small pipeline."""

import shutil
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def test_models_come_from_a_remote_where_nothing_else_has_them(clone, tmp_path):
    origin = clone.copy(tmp_path / "origin")
    model = (origin.folder / "models" / "sentiment.keras").read_bytes()
    origin.succeed("dvc", "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    origin.succeed("git", "commit", "--quiet", "--message", "A remote", ".dvc/config")
    origin.succeed("git", "tag", "--annotate", "sentiment@v2.0.0", "--message", "Second version")
    url = origin.folder.as_uri()
    origin.succeed("dvc", "push", "models/sentiment.keras")
    shutil.rmtree(origin.folder / ".dvc" / "cache")
    commands = {"path": ("get", url, "models/sentiment.keras"), "name": ("artifacts", "get", url, "sentiment")}
    for name, command in commands.items():
        origin.succeed("dvc", *command, "--out", str(tmp_path / name))
        assert (tmp_path / name).read_bytes() == model


def test_from_another_folder_by_the_script_of_make_setup(clone, tmp_path):
    binaries = clone.folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (binaries / "python").chmod(0o755)
    shutil.copy(clone.folder / "reprise" / "command.sh", binaries / "reprise")
    (binaries / "reprise").chmod(0o755)
    (tmp_path / "stages.py").write_text("raise SystemExit('the wrong stages')", encoding="utf-8")

    command = [binaries / "reprise", "reconstruct", "--test", "1", "out.png", "--latent", "16,64"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out.png").is_file()


def test_without_a_model_the_command_says_how_to_get_it(clone):
    (clone.folder / "models" / "textgen.keras").unlink()
    result = clone.type("python", "-m", "reprise", "generate")
    assert result.returncode == 1
    assert result.stderr.endswith("textgen.keras does not exist; `dvc repro` makes it, `dvc pull` fetches it\n")
    assert result.stderr.count("\n") == 1


def test_the_commands_left_the_repository_as_it_was(clone):
    assert clone.succeed("git", "status", "--porcelain") == ""
