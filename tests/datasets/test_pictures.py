"""Pictures in a folder of each class: as they are, or brought to the form of MNIST first."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reprise import digits as commands
from reprise.__main__ import parser
from stages.core.errors import StageError
from stages.datasets import digits, prepare
from tests.datasets.conftest import IMAGES, LABELS, digits_refused, put


def picture(image: np.ndarray, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def put_pictures(folder: Path, kind: str = "PNG", halves=(("", slice(40)),), names=str) -> Path:
    for half, rows in halves:
        for number, (image, label) in enumerate(zip(IMAGES[rows], LABELS[rows], strict=True)):
            put(folder / half / names(label) / f"{number:05}.{kind.lower()}", picture(image, kind))
    return folder


HALVES = (("train", slice(30)), ("test", slice(30, 40)))


@pytest.mark.parametrize(("kind", "halves"), [("PNG", (("", slice(40)),)), ("BMP", HALVES)])
def test_pictures_by_class(tmp_path, kind, halves):
    loaded = digits.load(put_pictures(tmp_path / "mine", kind, halves))
    order = np.concatenate([np.argsort(LABELS[rows], kind="stable") + (rows.start or 0) for _, rows in halves])
    np.testing.assert_array_equal(loaded.images, IMAGES[order])
    np.testing.assert_array_equal(loaded.labels, LABELS[order])
    assert loaded.test.sum() == (10 if len(halves) == 2 else 0)
    assert "classes" not in loaded.provenance


def test_classes_with_names_are_numbered_and_their_names_kept(tmp_path):
    folder = put_pictures(tmp_path / "mine", "JPEG", names=lambda label: "shirt\n" if label % 2 else "bag")
    for hidden in (".DS_Store", "__MACOSX/._1.png"):
        put(folder / hidden, "x")
    loaded = digits.load(folder)
    assert loaded.labels.tolist() == [0] * 20 + [1] * 20
    assert loaded.names.tolist() == loaded.provenance["classes"] == ["bag", "shirt"]
    assert loaded.provenance["images_by_label"] == {0: 20, 1: 20}


GREY = picture(IMAGES[0])
COLOUR = np.stack([IMAGES[0], IMAGES[1], IMAGES[2]], axis=-1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (picture(np.zeros((32, 28), np.uint8)), "has 28 × 32 pixels; it should have 28 × 28: `reprise prepare-digits"),
        (picture(COLOUR), "has colours or transparent pixels; it should be grey"),
        (GREY[:-200], "is not a whole PNG, JPEG or BMP picture"),
    ],
)
def test_a_picture_that_is_not_as_it_should_be_is_named(tmp_path, content, told):
    folder = put_pictures(tmp_path / "mine")
    put(folder / "3" / "a\nbad.png", content)
    digits_refused(folder, rf"mine/3/a\\nbad\.png .*{told}")


def test_prepared_pictures_are_read_same_digits(tmp_path):
    large = np.full((120, 90), 255, np.uint8)
    large[30:80, 40:50] = 0  # a dark stroke on light paper
    for name in ("one", "two"):
        for number in range(3):
            put(tmp_path / "mine" / name / f"{number}.jpg", picture(large, "JPEG"))
    turned = Image.Exif()
    turned[0x0112] = 6  # as a phone that is held upright says that the picture lies on its side
    put(tmp_path / "mine/one/0.jpg", picture(np.rot90(large), "JPEG", exif=turned))
    told = prepare.prepare(tmp_path / "mine", tmp_path / "idx", invert=True)
    assert told[1].startswith("train: 6 pictures, 2 classes")
    assert (tmp_path / "idx/classes.txt").read_text() == "0 one\n1 two\n"
    loaded = digits.load(tmp_path / "idx")
    assert loaded.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert loaded.names.tolist() == ["one", "two"]
    rows, columns = (np.flatnonzero((loaded.images[0] > 128).any(axis=axis)) for axis in (1, 0))
    np.testing.assert_allclose(loaded.images[0].astype(int), loaded.images[1], atol=16)
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (4, 23, 12, 15)
    with pytest.raises(StageError, match="idx is no empty folder; give a new one"):
        prepare.prepare(tmp_path / "mine", tmp_path / "idx")
    assert "try --invert" in prepare.prepare(tmp_path / "mine", tmp_path / "again")[-1]


def test_the_command_prepares_all_pictures_or_none(workdir, capsys):
    put_pictures(workdir / "mine", halves=HALVES)
    options = parser().parse_args(["prepare-digits", "mine", "new"])
    put(workdir / "mine/test/9/x.png", picture(np.zeros((40, 40), np.uint8)))
    with pytest.raises(StageError, match=r"mine/test/9/x\.png"):
        commands.prepare_digits(options)
    assert not (workdir / "new").exists()
    (workdir / "mine/test/9/x.png").unlink()
    commands.prepare_digits(options)
    assert capsys.readouterr().out.endswith("to use it: data.digits=new\n")
    assert digits.load(Path("new")).test.sum() == 10


def test_a_folder_of_validation_pictures_is_refused(tmp_path):
    folder = put_pictures(tmp_path / "mine", halves=HALVES)
    put(folder / "val" / "3" / "1.png", GREY)
    digits_refused(folder, "has a folder val beside train and test: put its pictures into one of them")
