"""Archives that unpack to too much, and models whose configuration is damaged or hostile."""

import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core import artifacts, limits, model_files
from stages.core.errors import StageError
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.keras"
    x = keras.Input((4,), name="x")
    model_files.write(path, keras.Model(x, keras.layers.Dense(3, name="y")(x), name="small"))
    return path


def edited(path: Path, target: Path, change, weights: bytes | None = None) -> Path:
    """A model with another configuration; `change` gets the parsed one."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    members["config.json"] = json.dumps(change(config)).encode()
    if weights is not None:
        members["model.weights.h5"] = weights
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def refused(path: Path, words: str) -> None:
    with pytest.raises(StageError, match=words) as error:
        model_files.read(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < len(str(path)) + 250


def dense(config: dict) -> dict:
    return next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")


def test_a_model_as_written_is_read(model):
    assert model_files.read(model).count_params() == 15


@pytest.mark.parametrize("units", [10**9, 10**30, -1, 0, True, "3", 2.5, [3]])
def test_a_layer_of_absurd_size_is_refused_before_it_takes_memory(model, tmp_path, units):
    def change(config):
        dense(config)["config"]["units"] = units
        return config

    refused(edited(model, tmp_path / "hostile.keras", change), "is not a whole Keras model: a layer has units")


@pytest.mark.parametrize(
    "change",
    [
        lambda config: None,
        lambda config: [],
        lambda config: {},
        lambda config: config | {"class_name": "Nothing"},
        lambda config: config | {"module": "os", "class_name": "system"},
        lambda config: config | {"config": {"layers": 3}},
        lambda config: config | {"config": config["config"] | {"input_layers": [["a"] * 500]}},
    ],
)
def test_a_damaged_configuration_is_one_line(model, tmp_path, change):
    refused(edited(model, tmp_path / "damaged.keras", change), "is not a whole Keras model")


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "config": {"name": "y", "function": "lambda x: open('ran', 'w')"}},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", "ran"]}},
        {"module": "builtins", "class_name": "exec", "config": {"source": "open('ran', 'w')"}},
        {"registered_name": "os>system", "config": {"command": "touch ran"}},
    ],
)
def test_a_lambda_and_a_foreign_class_run_nothing(model, tmp_path, monkeypatch, layer):
    def with_layer(config):
        dense(config).update(layer)
        return config

    monkeypatch.chdir(tmp_path)
    refused(edited(model, tmp_path / "hostile.keras", with_layer), "is not a whole Keras model")
    assert not Path("ran").exists()


@given(st.integers(0, 3000), st.integers(0, 255))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_is_read_or_refused_in_one_line(model, tmp_path, place, value):
    content = bytearray(model.read_bytes())
    content[place % len(content)] = value
    (tmp_path / "changed.keras").write_bytes(content)
    try:
        model_files.read(tmp_path / "changed.keras")
    except StageError as error:
        assert "\n" not in str(error)


def bomb(path: Path, name: str, size: int) -> Path:
    """A small archive with a member of `size` zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as file:
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    return path


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "LARGEST", 50 * 2**20)
    for name, read in (("a.npy", artifacts.read_npz), ("model.weights.h5", model_files.read)):
        path = bomb(tmp_path / "bomb", name, 60 * 2**20)
        assert path.stat().st_size < 100_000
        with pytest.raises(StageError, match="unpacks to 62,914,560 bytes; at most 52,428,800"):
            read(path)


def test_an_array_that_says_it_is_larger_than_it_is(tmp_path):
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", member.getvalue() + bytes(80))
    code = f"import stages; from stages.core import artifacts; artifacts.read_npz({str(tmp_path / 'a.npz')!r})"
    limit = 4 * 2**30
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "StageError" in told.stderr.splitlines()[-1]


def test_two_members_of_one_name(tmp_path):
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", b"1")
        archive.writestr("a.npy", b"2")
    with pytest.raises(StageError, match="two members of one name"):
        artifacts.read_npz(tmp_path / "a.npz")
