import io
import re

import numpy as np
import pytest
from PIL import Image

from reprise import pictures
from reprise.denoise import Denoiser, _starts
from reprise.reconstruct import Autoencoder, path_of, prepared
from stages.core.errors import StageError
from stages.training import layers

GENERATOR = np.random.default_rng(2)


def picture(mode: str, size: tuple[int, int] = (40, 33)) -> Image.Image:
    pixels = GENERATOR.integers(0, 90, (size[1], size[0], 4)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I"])
def test_every_kind_of_picture_is_denoised(command, workdir, mode):
    image = picture("L").convert("I").convert("I;16") if mode == "I;16" else picture(mode)
    name = "in.tif"
    image.save(workdir / name)
    command("denoise", name, "out.png")
    with Image.open(workdir / "out.png") as out:
        assert out.size == (40, 33)
        assert (out.mode in ("L", "LA")) == (mode in ("1", "L", "LA", "I;16", "F", "I"))
        if mode in ("LA", "RGBA"):
            assert np.array_equal(np.asarray(out)[..., -1], np.asarray(image)[..., -1])


def test_a_digit_goes_through_the_network_as_it_is(folder):
    denoiser = Denoiser(folder / "models/denoiser-dense.keras")
    digit = GENERATOR.random((1, 28, 28), np.float32)
    assert np.allclose(denoiser.denoise(digit), layers.apply(denoiser.model, digit), atol=1e-6)


@pytest.mark.parametrize("size", [1, 27, 28, 29, 42, 57, 100])
def test_tiles_cover_every_pixel(size):
    seen = np.zeros(max(size, 28))
    for start in _starts(max(size, 28)):
        assert 0 <= start <= len(seen) - 28
        seen[start : start + 28] += 1
    assert seen.min() >= 1


def test_tiles_are_blended_to_what_they_agree_on(folder, monkeypatch):
    monkeypatch.setattr(layers, "apply", lambda model, tiles: tiles)
    planes = GENERATOR.random((3, 61, 45), np.float32)
    assert np.allclose(Denoiser(folder / "models/denoiser-conv.keras").denoise(planes), planes, atol=1e-6)


def test_psnr_is_told_and_noise_is_added(command, workdir):
    picture("RGB").save(workdir / "clean.png")
    out, _ = command("denoise", "clean.png", "out.png", "--noise", "0.5", "--seed", "3")
    assert re.fullmatch(r"PSNR \d+\.\d\d dB before, \d+\.\d\d dB after\n", out.decode())
    assert command("denoise", "clean.png", "out.png", "--clean", "clean.png")[0].startswith(b"PSNR 100.00 dB before")
    picture("L", (10, 10)).save(workdir / "other.png")
    with pytest.raises(StageError, match=r"other.png is 10 × 10 pixels, grey, clean.png is 40 × 33 pixels, colour"):
        command("denoise", "clean.png", "out.png", "--clean", "other.png")


def test_pictures_through_pipes(command):
    content = io.BytesIO()
    picture("L").save(content, "BMP")
    out, _ = command("denoise", "-", "-", stdin=content.getvalue())
    with Image.open(io.BytesIO(out)) as image:
        assert (image.format, image.size) == ("PNG", (40, 33))


def test_inverted_pictures(command, workdir):
    Image.new("L", (40, 40), 250).save(workdir / "paper.png")
    assert b"try --invert" in command("denoise", "paper.png", "out.png")[1]
    assert command("denoise", "paper.png", "out.png", "--invert")[1] == b""


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("text.png", b"no picture at all", "text.png is not a whole picture"),
        ("empty.png", b"", "empty.png is not a whole picture"),
        ("torn.png", None, "torn.png is not a whole picture"),
        ("missing.png", "missing", "cannot read missing.png: No such file"),
    ],
)
def test_a_file_that_is_no_picture_is_one_line(command, workdir, name, content, told):
    if content is None:
        whole = io.BytesIO()
        picture("L", (100, 100)).save(whole, "PNG")
        content = whole.getvalue()[: len(whole.getvalue()) // 2]
    if content != "missing":
        (workdir / name).write_bytes(content)
    with pytest.raises(StageError, match=told) as error:
        command("denoise", name, "out.png")
    assert "\n" not in str(error.value)
    assert not (workdir / "out.png").exists()


def test_a_folder_is_no_picture(command):
    with pytest.raises(StageError, match=r"cannot read .: Is a directory"):
        command("denoise", ".", "out.png")


@pytest.mark.parametrize("output", ["out", "out.txt", "out.keras"])
def test_an_output_of_no_known_format_is_refused(command, workdir, output):
    picture("L").save(workdir / "in.png")
    with pytest.raises(StageError, match="should name a format"):
        command("denoise", "in.png", output)


def test_transparency_does_not_fit_into_jpeg(command, workdir):
    picture("RGBA").save(workdir / "in.png")
    with pytest.raises(StageError, match=r"cannot write out.jpg"):
        command("denoise", "in.png", "out.jpg")
    assert not (workdir / "out.jpg").exists()


def test_a_20_megapixel_picture_is_read_and_a_bomb_is_not(workdir):
    Image.new("L", (5000, 4000)).save(workdir / "large.png")
    assert pictures.read("large.png").planes.shape == (1, 4000, 5000)
    Image.new("1", (20_000, 10_000)).save(workdir / "bomb.png")
    with pytest.raises(StageError, match=r"bomb.png"):
        pictures.read("bomb.png")
    Image.new("1", (6000, 5000)).save(workdir / "larger.png")
    with pytest.raises(StageError, match=r"6000 × 5000 pixels; 25,000,000 are the most"):
        pictures.read("larger.png")


def test_a_digit_is_prepared_as_mnist_was():
    paper = np.full((90, 200), 0.3, np.float32)
    paper[20:80, 150:165] = 0.9  # a stroke of 60 × 15
    image = prepared(paper)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert image.shape == (28, 28)
    assert (len(rows), len(columns)) == (20, 5)
    assert image.max() == pytest.approx(1, abs=1e-5)
    assert [image.sum(axis=1 - axis) @ np.arange(28) / image.sum() for axis in (0, 1)] == pytest.approx(
        [13.5] * 2, abs=0.51
    )
    with pytest.raises(StageError, match="all of one grey"):
        prepared(np.zeros((50, 50), np.float32))
    digit = GENERATOR.random((28, 28), np.float32)
    assert np.array_equal(prepared(digit), digit)


def test_a_digit_beside_its_copies(command, workdir):
    out, _ = command("reconstruct", "--test", "2", "out.png", "--latent", "4,8")
    lines = out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["latent", "4", "8"]
    with Image.open(workdir / "out.png") as image:
        assert image.format == "PNG"
    picture("L").save(workdir / "in.png")
    assert b"     8 " in command("reconstruct", "in.png", "out.png")[0]


def test_a_size_or_a_digit_that_is_not_there(command, folder):
    with pytest.raises(StageError, match=r"a code of 5 numbers; there are 4, 8"):
        path_of(5, folder)
    with pytest.raises(StageError, match="there are test digits 0 to 2"):
        command("reconstruct", "--test", "3", "out.png")
    with pytest.raises(StageError, match=r"out.jpg should end in .png"):
        command("reconstruct", "--test", "1", "out.jpg")


def test_the_code_has_as_many_numbers_as_it_says(folder):
    assert Autoencoder(path_of(4, folder)).encode(np.zeros((2, 28, 28), np.float32)).shape == (2, 4)
