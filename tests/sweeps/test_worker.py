"""The folder of a node: private, and refused where somebody else may have prepared it."""

import os
import stat

import pytest

from sweeps import worker


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, and the place in it where a node works."""
    monkeypatch.delenv(worker.HOME, raising=False)
    monkeypatch.setattr(worker.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path / f"reprise-sweeps-{os.getuid()}"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_enter_it(temporary, umask):
    previous = os.umask(umask)
    try:
        for _ in range(2):
            assert worker.private_home() == temporary
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o700
            temporary.chmod(0o755)  # of an earlier version
    finally:
        os.umask(previous)


def test_a_folder_of_ones_own_choice_may_be_a_link_and_have_parents(temporary, monkeypatch):
    (temporary.parent / "disk").mkdir(mode=0o700)
    (temporary.parent / "link").symlink_to("disk")
    for name in ("link", "new/one"):
        monkeypatch.setenv(worker.HOME, str(temporary.parent / name))
        assert worker.private_home() == temporary.parent / name


def another_users(folder):
    folder.mkdir()
    os.chown(folder, 12345, 12345)


PREPARED = {
    "belongs to another user": another_users,
    "can be written by others": lambda path: (path.mkdir(), path.chmod(0o777)),
    "Not a directory": lambda path: path.write_text("a file"),
    "Too many levels|Not a directory": lambda path: (
        (path.parent / "victim").mkdir(mode=0o755),
        path.symlink_to("victim"),
    ),
}


@pytest.mark.parametrize("words", PREPARED)
def test_what_another_has_prepared_is_refused_and_left_alone(temporary, monkeypatch, words):
    if words.startswith("belongs") and os.getuid() != 0:
        temporary.mkdir()
        monkeypatch.setattr(worker.os, "getuid", lambda: temporary.stat().st_uid + 1)
        temporary.rename(temporary.parent / f"reprise-sweeps-{worker.os.getuid()}")
    else:
        PREPARED[words](temporary)
    with pytest.raises(OSError, match=words):
        worker.private_home()
    succeeded, log = worker.run("commit", "name", [], [], {})
    assert not succeeded
    assert log.startswith("failed: this node's folder for sweeps: ")
    assert log.count("\n") == 1
    victim = temporary.parent / "victim"
    assert not victim.exists() or (stat.S_IMODE(victim.stat().st_mode), list(victim.iterdir())) == (0o755, [])
