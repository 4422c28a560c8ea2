import sys

import keras
import numpy as np
import pytest

from reprise import export
from reprise.__main__ import MODELS
from stages import StageError


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_gives_the_same(command, workdir, name):
    out, _ = command("export", name, "--saved-model", "there/it is")
    assert b"the same as the model on test data" in out
    assert (workdir / "there" / "it is" / "saved_model.pb").is_file()
    assert [path.name for path in (workdir / "there").iterdir()] == ["it is"]


@pytest.mark.parametrize("name", MODELS)
def test_onnx_gives_the_same(command, workdir, name):
    pytest.importorskip("tf2onnx")
    out, _ = command("export", name, "--onnx", "model.onnx")
    assert b"the same as the model on test data" in out
    assert [path.name for path in workdir.iterdir()] == ["model.onnx"]


def test_what_is_not_the_same_is_not_written(workdir, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(StageError, match="there is not written: its outputs differ by"):
        export.saved_model(model, np.ones((3, 2), np.float32), "there")
    assert list(workdir.iterdir()) == []


def test_nothing_is_written_over(command, workdir):
    (workdir / "mine").mkdir()
    with pytest.raises(StageError, match="mine exists already"):
        command("export", "autoencoder", "--saved-model", "mine")


def test_without_its_packages_onnx_says_how_to_get_them(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StageError, match=r"requirements-export.txt"):
        command("export", "autoencoder", "--onnx", "model.onnx")
