"""Model files: the same bytes for the same model, self-contained, and nothing in them is run."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from stages.core import artifacts, model_files
from stages.core.errors import StageError


def small_model():
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    x = keras.Input((3,))
    shared = keras.layers.Dense(3, activation="relu", name="shared")
    model = keras.Model(x, shared(shared(x)), name="small")
    model.compile(optimizer="adam", loss="mse")
    model.fit(np.ones((4, 3)), np.ones((4, 3)), verbose=0, shuffle=False)
    return model


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.keras"
    model_files.write(path, small_model())
    return path


def edited(path: Path, target: Path, change) -> Path:
    """A model with another configuration; `change` gets the parsed one."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(change(json.loads(members["config.json"]))).encode()
    artifacts.write_zip(target, members)
    return target


def refused(path: Path) -> None:
    with pytest.raises(StageError, match="is not a whole Keras model") as error:
        model_files.read(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < len(str(path)) + 250


def test_a_model_has_the_same_bytes_and_loads_with_plain_keras(tmp_path):
    first, second = small_model(), small_model()
    model_files.write(tmp_path / "one.keras", first)
    model_files.write(tmp_path / "two.keras", second)
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    loaded = keras.models.load_model(tmp_path / "one.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), first.predict(x, verbose=0))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["one.keras", "two.keras"]


def test_a_damaged_model_is_told(path, tmp_path):
    refused(edited(path, tmp_path / "m.keras", lambda config: config | {"module": "os", "class_name": "system"}))


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "config": {"name": "y", "function": "lambda x: open('ran', 'w')"}},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", "ran"]}},
    ],
)
def test_a_lambda_and_a_foreign_class_run_nothing(path, tmp_path, monkeypatch, layer):
    def with_layer(config):
        next(entry for entry in config["config"]["layers"] if entry["class_name"] == "Dense").update(layer)
        return config

    monkeypatch.chdir(tmp_path)
    refused(edited(path, tmp_path / "hostile.keras", with_layer))
    assert not Path("ran").exists()
