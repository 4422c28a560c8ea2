"""Exported folders in a process that can import nothing of this project, and neither Keras nor TensorFlow."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from reprise import export
from stages.core.errors import StageError

pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


def example(folder, *arguments: str) -> str:
    """What example.py prints, from another folder; fails where it imports more than its packages."""
    hidden = ["stages", "reprise", "keras", "tensorflow", "pandas", "scipy"]
    code = f"import runpy, sys; sys.modules |= dict.fromkeys({hidden})"
    code += "; folder = sys.argv.pop(1); sys.argv[0] = folder + '/example.py'; sys.path[0] = folder"
    code += "; runpy.run_path(sys.argv[0], run_name='__main__')"
    (scratch := folder / "scratch").mkdir(exist_ok=True)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder), *arguments],
        cwd=folder.parent,
        env={**variables, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert list(scratch.iterdir()) == []  # onnxruntime notes a session there when it sends its maker how it is used
    return ended.stdout


@pytest.fixture
def exported(command, workdir, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 2)

    def of(name: str):
        out, _ = command("export", name, "--onnx", "there")
        rows = {"sentiment": 30, "textgen": 4}.get(name, 3)  # the whole test data
        assert f"there: same results as the model on {rows} test data".encode() in out
        assert (workdir / "there" / "MODEL_CARD.md").read_text(encoding="utf-8") == f"# {name}\n"
        assert "onnxruntime==" in (workdir / "there" / "requirements.txt").read_text(encoding="utf-8")
        return workdir / "there"

    return of


def test_a_classifier_says_the_same(command, exported):
    folder, texts = exported("sentiment"), ["a GOOD film,<br />isn&#39;t it", "bad", "not good " * 30]
    assert example(folder, *texts) == command("sentiment", *texts)[0].decode()
    assert example(folder, "你好").startswith("-\tno word of it")


def test_a_text_model_writes_the_same(command, exported):
    folder = exported("textgen")
    for prompt in ("HaML:", ""):
        expected = command("generate", "--prompt", prompt, "--length", "20", "--seed", "3", "-t", "0.7")[0].decode()
        assert example(folder, prompt, "20", "0.7", "3") == expected


@pytest.mark.parametrize("name", ["autoencoder", "denoiser-conv"])
def test_a_network_of_digits_gives_the_same(command, exported, workdir, name):
    folder, size = exported(name), (28, 28) if name == "autoencoder" else (50, 61)
    Image.fromarray(np.random.default_rng(1).integers(0, 90, size).astype(np.uint8)).save(workdir / "in.png")
    example(folder, "in.png", "out.png")
    picture = np.asarray(Image.open(workdir / "out.png"), float)
    assert np.ptp(picture) > 0
    if name != "autoencoder":
        command("denoise", "in.png", "expected.png")
        assert np.abs(picture - np.asarray(Image.open(workdir / "expected.png"), float)).max() <= 1


def test_what_differs_is_not_written(command, workdir, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1)
    with pytest.raises(StageError, match="nothing is written: the outputs of"):
        command("export", "denoiser-dense", "--onnx", "other")
    assert not (workdir / "other").exists()


def test_nothing_is_written_over_and_nothing_is_left(command, workdir, monkeypatch):
    (workdir / "mine").mkdir()
    with pytest.raises(StageError, match="mine exists already"):
        command("export", "autoencoder", "--onnx", "mine")
    with pytest.raises(StageError, match="cannot write /dev/full/it"):
        command("export", "autoencoder", "--onnx", "/dev/full/it")
    monkeypatch.setattr(export, "_onnx", lambda *_: os.kill(os.getpid(), signal.SIGINT) or time.sleep(9))
    with pytest.raises(SystemExit):
        command("export", "autoencoder", "--onnx", "interrupted")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StageError, match=r"ONNX needs onnxruntime: .*requirements-export.txt"):
        command("export", "autoencoder", "--onnx", "model")
    assert [path.name for path in workdir.iterdir()] == ["mine"]
