import re

import numpy as np
import pytest
from PIL import Image

from reprise import digits, tiles
from stages.core.errors import StageError
from stages.training import layers

RNG = np.random.default_rng(2)


def picture(mode: str, size: tuple[int, int] = (40, 33)) -> Image.Image:
    pixels = RNG.integers(0, 90, (size[1], size[0], 4)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_kind_of_picture_is_denoised(command, workdir, mode):
    picture(mode).save(workdir / "in.png")
    command("denoise", "in.png", "out.png")
    with Image.open(workdir / "out.png") as out:
        assert out.size == (40, 33)
        assert (out.mode == "L") == (mode in ("1", "L"))


def test_a_digit_goes_through_the_network_as_it_is_and_tiles_are_blended(folder):
    denoiser = digits.Denoiser(folder / "models/denoiser-dense.keras")
    digit = RNG.random((1, 28, 28), np.float32)
    assert np.allclose(denoiser.denoise(digit), layers.apply(denoiser.model, digit), atol=1e-6)
    for height, width in ((61, 45), (3, 100), (28, 29)):
        plane = RNG.random((height, width), np.float32)
        assert np.allclose(tiles.denoise(lambda images: images, plane), plane, atol=1e-6)


def test_psnr_is_printed_and_noise_is_added(command, workdir):
    picture("RGB").save(workdir / "clean.png")
    out, _ = command("denoise", "clean.png", "out.png", "--noise", "0.5")
    assert re.fullmatch(r"PSNR \d+\.\d\d dB before, \d+\.\d\d dB after\n", out.decode())
    assert command("denoise", "clean.png", "out.png", "--clean", "clean.png")[0].startswith(b"PSNR 100.00 dB before")
    picture("L", (10, 10)).save(workdir / "other.png")
    with pytest.raises(StageError, match=r"other\.png is not of the size"):
        command("denoise", "clean.png", "out.png", "--clean", "other.png")


def test_what_is_dark_on_light_is_inverted(command, workdir):
    Image.new("L", (40, 40), 250).save(workdir / "paper.png")
    assert b"try --invert" in command("denoise", "paper.png", "out.png")[1]
    assert command("denoise", "paper.png", "out.png", "--invert")[1] == b""
    ink = np.zeros((30, 30, 4), np.uint8)  # black on nothing
    ink[5:25, 12:16, 3] = 255
    Image.fromarray(ink).save(workdir / "drawn.png")
    assert digits.read("drawn.png", invert=True)[0, 5:25, 12:16].min() == 1
    assert digits.read("drawn.png", invert=True)[0, :5].max() == 0


@pytest.mark.parametrize("content", [b"no picture at all", b"\x89PNG\r\n\x1a\n", None])
def test_a_file_that_is_no_picture_is_one_line(command, workdir, content):
    if content is not None:
        (workdir / "in.png").write_bytes(content)
    with pytest.raises(StageError, match=r"in\.png") as error:
        command("denoise", "in.png", "out.png")
    assert "\n" not in str(error.value)
    assert not (workdir / "out.png").exists()


def test_an_output_that_cannot_be_written_is_one_line(command, workdir):
    picture("L").save(workdir / "in.png")
    with pytest.raises(StageError, match=r"its suffix should name a format, one of .png"):
        command("denoise", "in.png", "out.gif")
    with pytest.raises(StageError, match=r"cannot write .*in.png/out.png"):
        command("denoise", "in.png", "in.png/out.png")


def test_a_digit_beside_its_copies(command, workdir):
    out, _ = command("reconstruct", "--test", "2", "out.png", "--latent", "4,8")
    assert [line.split()[0] for line in out.decode().splitlines()] == ["latent", "4", "8"]
    with Image.open(workdir / "out.png") as image:
        assert (image.format, image.width // 3) == ("PNG", digits.SCALE * 29)
    picture("L").save(workdir / "in.png")
    assert b"     8 " in command("reconstruct", "in.png", "out.png")[0]


def test_a_size_or_a_digit_that_is_not_there(command):
    with pytest.raises(StageError, match=r"a code of 5 numbers; there are 4, 8"):
        command("reconstruct", "--test", "1", "--latent", "5", "out.png")
    with pytest.raises(StageError, match="there are test digits 0 to 2"):
        command("reconstruct", "--test", "3", "out.png")
