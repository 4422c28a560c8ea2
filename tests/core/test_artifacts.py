"""Files: whole or not at all, the same bytes for the same content, and nothing unpickled."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts, model_files
from stages.core.errors import StageError
from tests.datasets.conftest import Bomb


def test_a_file_is_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    artifacts.write_json(path, {"kept": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts.os, "fsync", full)
    with pytest.raises(StageError, match=r"cannot write .*out\.json: No space left on device"):
        artifacts.write_json(path, {"kept": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"kept": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["out.json"]


def test_json_is_rounded_and_plain(tmp_path):
    value = {"a": np.float32(1 / 3), "b": [np.int64(2), True, None], "c": {"d": 123456789.0}}
    artifacts.write_json(tmp_path / "x.json", value)
    assert artifacts.read_json(tmp_path / "x.json") == {"a": 0.333333, "b": [2, True, None], "c": {"d": 123457000.0}}


def test_json_refuses_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        artifacts.write_json(tmp_path / "x.json", {"a": np.float32("nan")})
    assert not (tmp_path / "x.json").exists()


def test_csv_has_line_feeds_and_rounded_numbers(tmp_path):
    artifacts.write_csv(tmp_path / "x.csv", [{"b": 1, "a": 1 / 3}, {"b": 2, "a": 0.5}])
    assert (tmp_path / "x.csv").read_bytes() == b"b,a\n1,0.333333\n2,0.5\n"


def test_npz_has_the_same_bytes_under_every_python(tmp_path):
    """The whole file, as a hash: `zipfile` fills in what is left open, and not always in the same way."""
    artifacts.write_npz(tmp_path / "x.npz", x=np.arange(5, dtype=np.int64), y=np.float32(0.5))
    digest = hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()
    assert digest == "5f5299f334aca5b581752e1f2bade2b42d18b4ae336bf81f9f2f3afac8541889"
    assert artifacts.read_npz(tmp_path / "x.npz")["x"].tolist() == [0, 1, 2, 3, 4]


def pickled() -> bytes:
    np.savez(buffer := io.BytesIO(), x=np.array([Bomb()], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [pickled(), b"PK\x03\x04half", b"\x80\x04.", bytes(artifacts.npy(np.arange(3)))])
def test_a_damaged_npz_or_one_with_a_pickle_is_told(workdir, content):
    (workdir / "x.npz").write_bytes(content)
    with pytest.raises(StageError, match=r"x\.npz is not a valid \.npz"):
        artifacts.read_npz("x.npz")
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("read", [artifacts.read_json, artifacts.read_npz, artifacts.read_text, model_files.read])
def test_a_missing_file_names_the_command_that_makes_it(tmp_path, read):
    with pytest.raises(StageError, match=r"absent does not exist; `dvc repro` makes it"):
        read(tmp_path / "absent")
