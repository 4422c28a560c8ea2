import hashlib
import json
import time
import zipfile

import numpy as np
import pytest

from stages.core import artifacts, model_files
from stages.core.errors import StageError


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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan")])
def test_json_refuses_what_is_no_number(tmp_path, value):
    with pytest.raises(ValueError, match="JSON"):
        artifacts.write_json(tmp_path / "x.json", {"a": value})
    assert not (tmp_path / "x.json").exists()


def test_csv_has_line_feeds_and_rounded_numbers(tmp_path):
    artifacts.write_csv(tmp_path / "x.csv", [{"b": 1, "a": 1 / 3}, {"b": 2, "a": 0.5}])
    assert (tmp_path / "x.csv").read_bytes() == b"b,a\n1,0.333333\n2,0.5\n"


def test_npz_bytes_depend_on_content_alone(tmp_path):
    for name in ("one", "two"):
        artifacts.write_npz(tmp_path / name, x=np.arange(5), y=np.ones((2, 2), np.float32))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert artifacts.read_npz(tmp_path / "one")["x"].tolist() == [0, 1, 2, 3, 4]


def test_npz_headers_are_the_same_under_every_python(tmp_path):
    """The whole file, as a hash: `zipfile` fills in what is left open, and not always in the same way."""
    artifacts.write_npz(tmp_path / "x.npz", x=np.arange(5, dtype=np.int64), y=np.float32(0.5))
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        for member in archive.infolist():
            assert (member.create_version, member.extract_version, member.create_system) == (20, 20, 3)
            assert (member.flag_bits, member.extra, member.external_attr) == (0, b"", 0o600 << 16)
            assert (member.date_time, member.compress_type) == ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED)
    digest = hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()
    assert digest == "5f5299f334aca5b581752e1f2bade2b42d18b4ae336bf81f9f2f3afac8541889"


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_a_pickle_in_an_npz_is_refused_unread(tmp_path):
    np.savez(tmp_path / "evil.npz", x=np.array([Evil()], dtype=object))
    with pytest.raises(StageError, match=r"evil\.npz is not a valid \.npz"):
        artifacts.read_npz(tmp_path / "evil.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04half", b"\x80\x04."])
def test_a_damaged_npz_is_told(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(StageError, match=r"x\.npz"):
        artifacts.read_npz(tmp_path / "x.npz")


@pytest.mark.parametrize("read", [artifacts.read_json, artifacts.read_npz, artifacts.read_text, model_files.read])
def test_a_missing_file_names_the_command_that_makes_it(tmp_path, read):
    with pytest.raises(StageError, match=r"absent does not exist; `dvc repro` makes it"):
        read(tmp_path / "absent")


def test_text_that_is_not_utf8_is_told(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"ok \xff")
    with pytest.raises(StageError, match=r"x\.txt is not UTF-8 text \(byte 3\)"):
        artifacts.read_text(tmp_path / "x.txt")


def small_model():
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    x = keras.Input((3,))
    shared = keras.layers.Dense(3, activation="relu", name="shared")
    model = keras.Model(x, shared(shared(x)), name="small")
    model.compile(optimizer="adam", loss="mse")
    model.fit(np.ones((4, 3)), np.ones((4, 3)), verbose=0, shuffle=False)
    return model


def test_a_model_has_the_same_bytes_and_loads_with_plain_keras(tmp_path):
    import keras

    first, second = small_model(), small_model()
    model_files.write(tmp_path / "one.keras", first)
    model_files.write(tmp_path / "two.keras", second)
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    loaded = keras.models.load_model(tmp_path / "one.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), first.predict(x, verbose=0))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["one.keras", "two.keras"]


def test_a_model_file_holds_no_date_and_no_optimizer(tmp_path):
    model_files.write(tmp_path / "m.keras", small_model())
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "date_saved" not in json.loads(archive.read("metadata.json"))
        assert b"optimizer" not in archive.read("model.weights.h5")


def test_a_clock_that_no_archive_can_hold_is_a_line(tmp_path, monkeypatch):
    model = small_model()
    monkeypatch.setattr(zipfile.time, "localtime", lambda *_: time.gmtime(0))
    with pytest.raises(StageError, match=r"cannot write .*m\.keras: ZIP does not support timestamps before 1980"):
        model_files.write(tmp_path / "m.keras", model)
    assert list(tmp_path.iterdir()) == []
    artifacts.write_npz(tmp_path / "x.npz", x=np.arange(5))
    assert artifacts.read_npz(tmp_path / "x.npz")["x"].tolist() == [0, 1, 2, 3, 4]


def test_shared_objects_are_numbered_by_appearance():
    renumber = model_files._renumber_shared_objects
    assert renumber('{"shared_object_id": 991, "a": {"shared_object_id": 7}, "shared_object_id": 991}') == (
        '{"shared_object_id": 0, "a": {"shared_object_id": 1}, "shared_object_id": 0}'
    )


def test_a_truncated_model_is_told(tmp_path):
    model_files.write(tmp_path / "m.keras", small_model())
    whole = (tmp_path / "m.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StageError, match=r"m\.keras is not a whole Keras model"):
        model_files.read(tmp_path / "m.keras")


def test_a_picture_has_the_same_bytes(tmp_path):
    from stages.evaluation import charts

    for name in ("one.png", "two.png"):
        artifacts.write_png(tmp_path / name, charts.lines({"a": ([1, 2], [3, 4])}, title="t", x_label="x", y_label="y"))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
