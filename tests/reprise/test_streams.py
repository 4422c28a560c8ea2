"""What a user names as input or output: devices, pipes, links, closed and full streams."""

import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reprise import export, files, pictures
from stages.core.errors import StageError
from tests.conftest import REPOSITORY

REPRISE = (sys.executable, "-m", "reprise")


def saved(path: Path) -> Path:
    Image.fromarray(np.random.default_rng(1).integers(0, 90, (30, 30)).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("source", ["/dev/zero", "sparse.png", "-"])
def test_no_more_is_read_than_the_limit(command, workdir, monkeypatch, source):
    with open(workdir / "sparse.png", "wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(files, "LARGEST", 10_000_000)
    monkeypatch.setattr(files.read_bytes, "__defaults__", (10_000_000,))
    with pytest.raises(StageError, match=r"(standard input|/dev/zero|sparse.png) is larger than 10 MB"):
        command("denoise", source, "out.png", stdin=bytes(10_000_001))
    with pytest.raises(StageError, match="is larger than 10 MB"):
        command("generate", "--prompt", "-", stdin=bytes(10_000_001))


def test_a_csv_without_end_is_refused(command, monkeypatch):
    monkeypatch.setattr("stages.datasets.user_files.LARGEST_TEXT", 3_000_000)
    with pytest.raises(StageError, match="/dev/zero is larger than 3 MB"):
        command("sentiment", "--csv", "/dev/zero")


def test_a_pipe_is_read_as_a_file(workdir):
    os.mkfifo(workdir / "pipe")
    content = saved(workdir / "in.png").read_bytes()
    writer = threading.Thread(target=(workdir / "pipe").write_bytes, args=(content,))
    writer.start()
    assert files.read_bytes("pipe") == content
    writer.join()


@pytest.fixture
def others(workdir) -> dict[str, str]:
    """What is neither a new nor a regular file → what a message calls it."""
    os.mkfifo(workdir / "pipe.png")
    (workdir / "folder.png").mkdir()
    (workdir / "device.png").symlink_to("/dev/null")
    return {"pipe.png": "a named pipe", "folder.png": "a folder", "device.png": "a device"}


def test_outputs_replace_only_regular_files(command, workdir, others):
    saved(workdir / "in.png")
    before = {name: os.stat(workdir / name).st_mode for name in others}
    for name, kind in others.items():
        for arguments in (["denoise", "in.png", name], ["reconstruct", "--test", "1", name]):
            with pytest.raises(StageError, match=f"cannot write {name}: it is {kind}; give a new or a regular file"):
                command(*arguments)
    assert {name: os.stat(workdir / name).st_mode for name in others} == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_an_export_replaces_only_regular_files(workdir, others, monkeypatch):
    def exported(self, path, **_):
        Path(path).write_bytes(b"a model")

    class Model:
        layers = (type("Layer", (), {"name": "output"}),)
        export = exported

        def __call__(self, inputs, training):
            return inputs

    def write(path: str) -> float:
        return export._written(Model(), np.ones((3, 2), np.float32), path, "onnx", lambda _: lambda part: part)

    for name, kind in others.items():
        with pytest.raises(StageError, match=f"cannot write {name}: it is {kind}"):
            write(name)
    (workdir / "there").mkdir()
    (workdir / "link.onnx").symlink_to("there/model.onnx")
    assert write("link.onnx") == 0  # to a new file
    (workdir / "there" / "model.onnx").write_bytes(b"older")
    assert write("link.onnx") == 0
    assert (workdir / "there" / "model.onnx").read_bytes() == b"a model"
    assert (workdir / "link.onnx").is_symlink()
    assert write("m" * 250 + ".onnx") == 0
    standard = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", standard)
    assert write("-") == 0
    assert standard.buffer.getvalue() == b"a model"
    assert not list(workdir.rglob(".export-*"))


def test_links_to_pictures_are_followed_and_a_loop_is_refused(command, workdir):
    saved(workdir / "in.png")
    (workdir / "link.png").symlink_to("target.png")
    command("denoise", "in.png", "link.png")
    assert (workdir / "link.png").is_symlink()
    assert (workdir / "target.png").is_file()
    (workdir / "loop.png").symlink_to("loop.png")
    with pytest.raises(StageError, match=r"cannot write loop.png: Too many levels"):
        command("denoise", "in.png", "loop.png")


def test_outputs_under_a_file_and_with_long_names(command, workdir):
    saved(workdir / "in.png")
    with pytest.raises(StageError, match=r"cannot write .*in.png/out.png"):
        command("denoise", "in.png", "in.png/out.png")
    command("denoise", "in.png", "a" * 251 + ".png")
    assert (workdir / ("a" * 251 + ".png")).is_file()
    with pytest.raises(StageError, match="File name too long"):
        command("denoise", "in.png", "a" * 252 + ".png")
    assert not list(workdir.glob(".*"))


@pytest.mark.parametrize("output", ["out.ico", "out.eps", "out.pdf", "out.icns", "out.jp2", "out.gif"])
def test_a_picture_is_written_in_named_formats_only(command, workdir, output):
    saved(workdir / "in.png")
    with pytest.raises(StageError, match=r"its suffix should name a format, one of .png"):
        command("denoise", "in.png", output)
    assert not (workdir / output).exists()


@pytest.mark.parametrize("name", ["in.eps", "in.ico", "in.pdf", "in.icns", "in.tga"])
def test_a_picture_is_read_in_named_formats_only(command, workdir, name):
    with Image.open(saved(workdir / "in.png")) as image:
        image.convert("RGB").resize((64, 64)).save(workdir / name)
    with pytest.raises(StageError, match=f"^{name} is not a whole picture in one of the formats PNG, JPEG") as error:
        command("denoise", name, "out.png")
    assert "BytesIO" not in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(workdir, value):
    values = np.full((30, 30), 0.5, np.float32)
    values[3, 4] = value
    Image.fromarray(values).save(workdir / "in.tif")
    with pytest.raises(StageError, match=r"in.tif is not a whole picture: some of its pixels are NaN or infinite"):
        pictures.read("in.tif")


def typed(arguments: str) -> subprocess.CompletedProcess:
    """A command line in a shell, its standard error as text."""
    line = f"{sys.executable} -m reprise {arguments}"
    return subprocess.run(["sh", "-c", line], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, check=False)


def test_standard_output_that_is_closed_is_one_line():
    ended = typed("sentiment good >&-")
    assert (ended.returncode, ended.stderr) == (1, "reprise: standard output is closed\n")


def test_standard_output_that_is_full_is_one_line():
    code = "import sys; from reprise import denoise; denoise.main = lambda _: print('x' * 10); "
    code += "sys.argv = ['reprise', 'denoise', 'a', 'b.png']; from reprise.__main__ import main; main()"
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "reprise: cannot write standard output: No space left on device\n")


def test_standard_input_that_is_closed_is_one_line(monkeypatch, command):
    ended = typed("denoise - out.png <&- 2>&1 >/dev/null | tail -n 1 >&2")
    assert "cannot read" not in ended.stderr
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(StageError, match="standard input is closed"):
        files.read_bytes("-")


def test_a_wrong_argument_cannot_move_the_cursor():
    ended = subprocess.run(
        [*REPRISE, "generate", "\x1b[2Jred\nreprise: all is well"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "\x1b" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("reprise: error: unrecognized arguments: \\x1b[2Jred\\nreprise")
