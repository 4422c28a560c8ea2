"""Several writers of one file: a reader finds one whole content, whoever wins, and nothing else is touched."""

import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core import artifacts
from stages.core.errors import StageError

CONTENTS = [bytes([number]) * (200_000 + 37 * number) for number in range(4)]


def write_often(path: Path, content: bytes, times: int) -> None:
    for _ in range(times):
        artifacts.write_bytes(path, content)


def test_a_reader_finds_one_whole_content(workdir):
    path = workdir / "models" / "model.keras"
    artifacts.write_bytes(path, CONTENTS[0])
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_often, args=(path, content, 40)) for content in CONTENTS]
    for writer in writers:
        writer.start()
    found = set()
    while any(writer.is_alive() for writer in writers):
        found.add(path.read_bytes())
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    assert found <= set(CONTENTS)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.keras"]


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=80))
@settings(max_examples=60)
def test_a_temporary_name_is_new_and_beside_its_file(name):
    path = Path("folder") / f"{name}.npz"
    names = {artifacts.temporary_name(path) for _ in range(3)}
    assert len(names) == 3
    for temporary in names:
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".") and temporary.name.endswith(".tmp")
        assert len(os.fsencode(temporary.name)) <= 255


def test_names_at_the_limit_of_the_file_system(workdir):
    artifacts.write_bytes(workdir / ("n" * 255), b"whole")
    assert (workdir / ("n" * 255)).read_bytes() == b"whole"
    with pytest.raises(StageError, match=r"cannot write .*: File name too long"):
        artifacts.write_bytes(workdir / ("n" * 256), b"whole")
    assert [entry.name for entry in workdir.iterdir()] == ["n" * 255]


def test_links_and_pipes_named_like_a_temporary_are_left_alone(workdir, monkeypatch):
    (workdir / "victim").write_bytes(b"precious")
    monkeypatch.setattr(artifacts.secrets, "token_hex", lambda _: "taken")
    for make in (lambda path: path.symlink_to("victim"), os.mkfifo, lambda path: path.write_bytes(b"another's")):
        taken = workdir / ".file.taken.tmp"
        make(taken)
        with pytest.raises(StageError, match="cannot write"):
            artifacts.write_bytes(workdir / "file", b"content")
        assert (workdir / "victim").read_bytes() == b"precious"
        taken.unlink(missing_ok=True)


def test_what_cannot_be_written_is_one_line(workdir):
    (workdir / "file").write_bytes(b"old")
    (workdir / "folder").mkdir()
    for name in ("file/below", "folder", "a\0b"):
        with pytest.raises(StageError, match="cannot write") as error:
            artifacts.write_bytes(workdir / name, b"new")
        assert "\n" not in str(error.value)
    assert (workdir / "file").read_bytes() == b"old"
    assert sorted(entry.name for entry in workdir.iterdir()) == ["file", "folder"]
