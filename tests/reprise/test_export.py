import sys

import keras
import numpy as np
import pytest

from reprise import export
from reprise.options import MODELS
from stages.core import model_files
from stages.core.errors import StageError


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_gives_the_same(command, workdir, name):
    out, _ = command("export", name, "--saved-model", "there/it is")
    assert b"same results as the model on " in out
    assert (workdir / "there" / "it is" / "model" / "saved_model.pb").is_file()
    assert [path.name for path in (workdir / "there").iterdir()] == ["it is"]


@pytest.mark.parametrize("name", MODELS)
def test_onnx_gives_the_same(command, workdir, name):
    pytest.importorskip("tf2onnx")
    out, _ = command("export", name, "--onnx", "model.onnx")
    assert b"same results as the model on " in out
    assert [path.name for path in workdir.iterdir()] == ["model.onnx"]


def test_onnx_in_a_folder_or_alone_is_the_same(command, workdir):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    command("export", "autoencoder", "--onnx", "it")
    command("export", "autoencoder", "--onnx", "alone.onnx")
    out, told = command("export", "autoencoder", "--onnx", "-")
    assert b"how to use it" not in told
    contents = [(workdir / "it" / "model.onnx").read_bytes(), (workdir / "alone.onnx").read_bytes(), out]
    sessions = [onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]) for content in contents]
    digits = np.random.default_rng(1).random((2, 28, 28), np.float32)
    first, *others = [session.run(None, {session.get_inputs()[0].name: digits})[0] for session in sessions]
    assert np.ptp(first) > 0
    assert all(np.array_equal(first, other) for other in others)


def test_what_is_not_the_same_is_not_written(workdir, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(StageError, match="there is not written: its outputs differ by"):
        export.saved_model(model, np.ones((3, 2), np.float32), "there")
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(("name", "rows"), [("autoencoder", 3), ("textgen", 4), ("sentiment", 30)])
def test_the_whole_test_data_is_compared(folder, monkeypatch, name, rows):
    monkeypatch.setattr(export, "AT_ONCE", 2)
    model, inputs, seen = model_files.read(folder / f"models/{name}.keras"), export.test_inputs(name, folder), []

    def other(part):
        seen.append(len(part["words"] if name == "sentiment" else part))
        output = keras.ops.convert_to_numpy(model(part, training=False)).copy()
        if sum(seen) == rows:
            output[-1, ..., -1] += 0.25  # in the very last row
        return output

    assert export._difference(model, other, inputs) > 0.01
    assert sum(seen) == rows


def test_a_text_model_is_judged_by_its_probabilities():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="logits")])
    inputs = np.ones((3, 2), np.float32)
    logits = keras.ops.convert_to_numpy(model(inputs))
    assert export._difference(model, lambda part: logits + 5, inputs) < 1e-6
    assert export._difference(model, lambda part: logits * 1.1, inputs) > 0.001
    assert np.isnan(export._difference(model, lambda part: logits * np.nan, inputs))


def test_nothing_is_written_over(command, workdir):
    (workdir / "mine").mkdir()
    with pytest.raises(StageError, match="mine exists already"):
        command("export", "autoencoder", "--saved-model", "mine")


def test_without_its_packages_onnx_says_how_to_get_them(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StageError, match=r"requirements-export.txt"):
        command("export", "autoencoder", "--onnx", "model.onnx")
