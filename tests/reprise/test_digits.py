import io
import os
import re
import shutil
import stat
import threading

import numpy as np
import pytest
from PIL import Image

from reprise import digits, files, pictures, tiles
from stages.core.errors import StageError
from stages.training import layers

RNG = np.random.default_rng(2)


def picture(mode: str, size: tuple[int, int] = (40, 33)) -> Image.Image:
    pixels = RNG.integers(0, 90, (size[1], size[0], 4)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I"])
def test_every_kind_of_picture_is_denoised(command, workdir, mode):
    image = picture("L").convert("I").convert("I;16") if mode == "I;16" else picture(mode)
    image.save(workdir / "in.tif")
    command("denoise", "in.tif", "out.png")
    with Image.open(workdir / "out.png") as out:
        assert out.size == (40, 33)
        assert (out.mode == "L") == (mode in ("1", "L", "LA", "I;16", "F", "I"))


@pytest.mark.parametrize("ink", [0, 255])
def test_what_is_drawn_on_nothing_stands_out(workdir, ink):
    pixels = np.zeros((30, 30, 4), np.uint8)
    pixels[..., :3] = 255 - ink  # the colour of what is not seen says nothing
    pixels[5:25, 12:16] = [ink, ink, ink, 255]
    Image.fromarray(pixels).save(workdir / "drawn.png")
    grey = pictures.grey(pictures.read("drawn.png"))
    assert np.all(grey[5:25, 12:16] == ink / 255)
    assert np.all(grey[:5] == 1 - ink / 255)


def test_a_digit_goes_through_the_network_as_it_is_and_tiles_are_blended(folder, monkeypatch):
    denoiser = digits.Denoiser(folder / "models/denoiser-dense.keras")
    digit = RNG.random((1, 28, 28), np.float32)
    assert np.allclose(denoiser.denoise(digit), layers.apply(denoiser.model, digit), atol=1e-6)
    for height, width in ((61, 45), (3, 100), (28, 29)):
        plane = RNG.random((height, width), np.float32)
        assert np.allclose(tiles.denoise(lambda images: images, plane), plane, atol=1e-6)


def test_psnr_is_printed_and_noise_is_added(command, workdir):
    picture("RGB").save(workdir / "clean.png")
    out, _ = command("denoise", "clean.png", "out.png", "--noise", "0.5", "--seed", "3")
    assert re.fullmatch(r"PSNR \d+\.\d\d dB before, \d+\.\d\d dB after\n", out.decode())
    assert command("denoise", "clean.png", "out.png", "--clean", "clean.png")[0].startswith(b"PSNR 100.00 dB before")
    picture("L", (10, 10)).save(workdir / "other.png")
    with pytest.raises(StageError, match=r"other.png is 10 × 10 pixels, grey, clean.png is 40 × 33 pixels, colour"):
        command("denoise", "clean.png", "out.png", "--clean", "other.png")


def test_pictures_through_pipes(command, workdir):
    content = io.BytesIO()
    picture("L").save(content, "BMP")
    out, _ = command("denoise", "-", "-", stdin=content.getvalue())
    with Image.open(io.BytesIO(out)) as image:
        assert (image.format, image.size) == ("PNG", (40, 33))
    os.mkfifo(workdir / "pipe")
    writer = threading.Thread(target=(workdir / "pipe").write_bytes, args=(content.getvalue(),))
    writer.start()
    command("denoise", "pipe", "out.png")
    writer.join()


def test_inverted_pictures(command, workdir):
    Image.new("L", (40, 40), 250).save(workdir / "paper.png")
    assert b"try --invert" in command("denoise", "paper.png", "out.png")[1]
    assert command("denoise", "paper.png", "out.png", "--invert")[1] == b""


def torn() -> bytes:
    whole = io.BytesIO()
    picture("L", (100, 100)).save(whole, "PNG")
    return whole.getvalue()[: len(whole.getvalue()) // 2]


def as_format(name: str) -> bytes:
    whole = io.BytesIO()
    picture("RGB", (64, 64)).save(whole, name)
    return whole.getvalue()


def not_a_number() -> bytes:
    values, whole = np.full((30, 30), 0.5, np.float32), io.BytesIO()
    values[3, 4] = np.nan
    Image.fromarray(values).save(whole, "TIFF")
    return whole.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture at all", "in.png is not a whole picture in one of the formats PNG"),
        (torn(), "in.png is not a whole picture"),
        (as_format("EPS"), "in.png is not a whole picture in one of the formats PNG"),
        (as_format("ICO"), "in.png is not a whole picture in one of the formats PNG"),
        (not_a_number(), "in.png is not a whole picture: some of its pixels are NaN or infinite"),
        (None, "cannot read in.png: No such file"),
    ],
    ids=["text", "torn", "EPS", "ICO", "NaN", "missing"],
)
def test_a_file_that_is_no_picture_is_one_line(command, workdir, content, message):
    if content is not None:
        (workdir / "in.png").write_bytes(content)
    with pytest.raises(StageError, match=message) as error:
        command("denoise", "in.png", "out.png")
    assert "\n" not in str(error.value)
    assert not (workdir / "out.png").exists()


def test_no_more_is_read_than_the_limit(command, workdir, monkeypatch):
    with open(workdir / "sparse.png", "wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(files, "LARGEST", 10_000_000)
    for source in ("/dev/zero", "sparse.png", "-"):
        with pytest.raises(StageError, match=r"(standard input|/dev/zero|sparse.png) is larger than 10 MB"):
            command("denoise", source, "out.png", stdin=bytes(10_000_001))


def test_a_20_megapixel_picture_is_read_and_a_bomb_is_not(workdir):
    Image.new("L", (5000, 4000)).save(workdir / "large.png")
    assert pictures.read("large.png").shape == (1, 4000, 5000)
    Image.new("1", (20_000, 10_000)).save(workdir / "bomb.png")
    with pytest.raises(StageError, match=r"bomb.png"):
        pictures.read("bomb.png")
    Image.new("1", (6000, 5000)).save(workdir / "larger.png")
    with pytest.raises(StageError, match=r"6000 × 5000 pixels; 25,000,000 are the most"):
        pictures.read("larger.png")


def test_outputs_replace_only_regular_files(command, workdir):
    picture("L").save(workdir / "in.png")
    os.mkfifo(workdir / "pipe.png")
    (workdir / "folder.png").mkdir()
    (workdir / "device.png").symlink_to("/dev/null")
    for name in ("pipe.png", "folder.png", "device.png"):
        before = os.stat(workdir / name).st_mode
        for arguments in (["denoise", "in.png", name], ["reconstruct", "--test", "1", name]):
            with pytest.raises(StageError, match=f"cannot write {name}: it is no regular file"):
                command(*arguments)
        assert os.stat(workdir / name).st_mode == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    (workdir / "link.png").symlink_to("target.png")
    command("denoise", "in.png", "link.png")
    assert (workdir / "link.png").is_symlink()
    assert (workdir / "target.png").is_file()


@pytest.mark.parametrize("output", ["out", "out.txt", "out.ico", "out.eps", "out.gif"])
def test_an_output_of_no_known_format_is_refused(command, workdir, output):
    picture("L").save(workdir / "in.png")
    with pytest.raises(StageError, match=r"its suffix should name a format, one of .png"):
        command("denoise", "in.png", output)
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
    with pytest.raises(StageError, match=r"out.jpg should end in .png"):
        command("reconstruct", "--test", "1", "out.jpg")


MODELS = {
    "generate": ("textgen", ["generate"]),
    "sentiment": ("sentiment", ["sentiment", "good"]),
    "denoise": ("denoiser-conv", ["denoise", "in.png", "out.png"]),
    "reconstruct": ("autoencoder", ["reconstruct", "--test", "1", "out.png"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_model_file_alone_is_enough_and_another_or_a_damaged_one_is_one_line(command, folder, workdir, name):
    model, arguments = MODELS[name]
    picture("L").save(workdir / "in.png")
    mine = workdir / "mine.keras"
    shutil.copy(folder / f"models/{model}.keras", mine)
    assert command(*arguments, "--model", "mine.keras") == command(*arguments)
    whole = mine.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:-1]):
        mine.write_bytes(damaged)
        with pytest.raises(StageError, match=r"mine\.keras") as error:
            command(*arguments, "--model", "mine.keras")
        assert "\n" not in str(error.value)
    for other in {model for model, _ in MODELS.values()} - {model}:
        with pytest.raises(StageError, match=rf"{other}\.keras is not a"):
            command(*arguments, "--model", str(folder / f"models/{other}.keras"))
    with pytest.raises(StageError, match=r"missing.keras does not exist; `dvc repro` makes it, `dvc pull` fetches it"):
        command(*arguments, "--model", "missing.keras")
