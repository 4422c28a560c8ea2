"""A user's own digits, in whichever of the forms that circulate: IDX, .npz, CSV, or pictures in a folder of each class.

Letters, clothes and the like are digits here too, if they have MNIST's form: 28 × 28 grey values, light on dark, and a
class each.
"""

import io
import math
import re
import struct
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from stages.core import artifacts
from stages.core.digits import SIDE
from stages.core.errors import StageError
from stages.datasets import user_files

Half = tuple[np.ndarray, np.ndarray]  # images, uint8, shape (n, 28, 28); labels, uint8, shape (n,)
# The halves of a path, "train" and "test" or one of them; what they were taken for; names of classes by label.
Source = tuple[dict[str, Half], str, dict[int, str]]

IDX_NAME = re.compile(r"(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$")  # its beginning is free
LABEL = ("label", "class", "target", "digit")  # names of the label's column
CLASSES = "classes.txt"  # names of classes next to the files, a line `LABEL NAME` each
PICTURES = ("PNG", "JPEG", "BMP")  # no other decoder of Pillow's is ever started
FORMS = (
    "a folder with MNIST's IDX files, such as train-images-idx3-ubyte or its .gz; an .npz with x_train, y_train, "
    "x_test and y_test; a CSV of a label and 784 grey values a row, or a folder with two, train and test; a folder of "
    "pictures, <class>/* or {train,test}/<class>/*"
)


def read(path: Path) -> Source:
    """Own digits of any form."""
    halves, form, names = (_folder if artifacts.is_folder(path) else _file)(path)
    halves = checked(halves, path)
    if len(classes := np.unique(np.concatenate([labels for _, labels in halves.values()]))) < 2:
        raise StageError(f"{path} has one class only, {classes[0]}; the label is the first column without a header")
    if np.mean([images.mean() for images, _ in halves.values()]) > 150:
        print(f"data.digits: {path} is mostly light; digits should be light on dark: `reprise prepare-digits --invert`")
    return halves, form, names


def _folder(path: Path) -> Source:
    files = [file for file in user_files.below(path) if file.parent == path]
    names = _class_names(path / CLASSES) if path / CLASSES in files else {}
    if any(IDX_NAME.search(file.name) for file in files):
        return _idx_halves(path, files), "IDX files", names
    if tables := [file for file in files if file.suffix.lower() == ".csv"]:
        return _tables(path, tables), "CSV files of labels and 784 grey values", names
    halves, form, folders = read_pictures(path, exact)
    return halves, form, folders or names


def _file(path: Path) -> Source:
    content = user_files.read(path)
    if content.startswith(b"\0\0"):
        raise StageError(f"{path} is none of what data.digits may be: {FORMS}")
    if content.startswith(b"PK\3\4"):
        return _npz(path), "the arrays x_train, y_train, x_test and y_test", {}
    return {"train": _table(path)}, "a CSV of labels and 784 grey values", {}


def checked(halves: dict[str, Half], path: Path) -> dict[str, Half]:
    """The arrays as uint8; refused unless they are images of 28 × 28 values 0..255, each with a label in 0..99."""
    for half, (images, labels) in halves.items():
        where = f"{path}, {half}"
        if images.shape[1:] != (SIDE, SIDE):
            size = " × ".join(map(str, images.shape[1:]))
            raise StageError(f"{where}: images of {size}; they should be 28 × 28 bytes")
        if labels.shape != (len(images),) or not len(images):
            raise StageError(f"{where}: {len(images):,} images, but {len(labels):,} labels")
        for values, what, most in ((images, "grey value", 255), (labels, "label", 99)):
            if values.dtype.kind not in "iu":
                raise StageError(f"{where}: a {what} of {values.dtype}; it should be a whole number")
            if len(wrong := np.argwhere((values < 0) | (values > most))):
                place = tuple(wrong[0])
                raise StageError(
                    f"{where} image {place[0] + 1:,}: a {what} is {values[place]}; it should be in 0..{most}"
                )
        if images.max() <= 1:
            raise StageError(f"{where}: grey values up to {images.max()}; they should be in 0..255, 255 for white")
    return {half: (images.astype(np.uint8), labels.astype(np.uint8)) for half, (images, labels) in halves.items()}


def _class_names(path: Path) -> dict[int, str]:
    """Names by label."""
    names: dict[int, str] = {}
    for number, line in enumerate(user_files.decode(artifacts.read_input(path), path).split("\n"), start=1):
        label, *name = line.split(maxsplit=1) or [""]
        if name and re.fullmatch("[0-9]{1,2}", label) and int(label) not in names:
            names[int(label)] = name[0].strip()
        elif label:
            raise StageError(f"{path}, line {number}: {line[:40]!r} should be a label 0..99, new here, and a name")
    return names


# ---- MNIST's own format


def _idx_halves(folder: Path, files: list[Path]) -> dict[str, Half]:
    """MNIST's files in a folder; each plain or gzipped, also with a beginning in common, as EMNIST's have it."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in files:
        if match := IDX_NAME.search(file.name):
            found["train" if match[1] == "train" else "test", match[2]].append(file)

    def array(half: str, kind: str, dimensions: int) -> np.ndarray:
        return read_idx(_only(folder, f"IDX file of the {half} {kind}, plain or .gz", found[half, kind]), dimensions)

    halves = sorted({half for half, _ in found}, reverse=True)  # train, then test
    return {half: (array(half, "images", 3), array(half, "labels", 1)) for half in halves}


def _only(folder: Path, what: str, paths: list[Path]) -> Path:
    if len(paths) != 1:
        names = user_files.listed(path.name for path in paths) or "none"
        raise StageError(f"{folder} should have one {what}; it has {names}")
    return paths[0]


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """An array of bytes, uint8, in MNIST's file format, plain or gzipped.

    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", its last section: two zero bytes, 8
    for unsigned bytes, the number of dimensions, each dimension as a big-endian 32-bit number, then the bytes.
    """
    content = user_files.read(path)
    start = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < start:
        raise StageError(f"{path} is not IDX: it begins with {content[:4].hex(' ')}, not 00 00 08 {dimensions:02x}")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        size = " × ".join(map(str, shape))
        raise StageError(f"{path} should have {size} bytes after its header; it has {len(content) - start:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def idx_files(half: str, images: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """MNIST's two files of a half: name → content."""
    beginning = {"train": "train", "test": "t10k"}[half]
    files = {}
    for kind, array in (("images", images), ("labels", labels)):
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        files[f"{beginning}-{kind}-idx{array.ndim}-ubyte"] = header + array.tobytes()
    return files


# ---- arrays and tables


def _npz(path: Path) -> dict[str, Half]:
    """The arrays of an .npz as Keras ships MNIST; nothing in it is unpickled."""
    arrays = artifacts.read_npz(path)
    if missing := [name for name in ("x_train", "y_train", "x_test", "y_test") if name not in arrays]:
        raise StageError(f"{path} has no array {missing[0]}; it has {user_files.listed(arrays) or 'none'}")
    return {half: (arrays[f"x_{half}"], arrays[f"y_{half}"]) for half in ("train", "test")}


def _tables(folder: Path, files: list[Path]) -> dict[str, Half]:
    """The CSV files of a folder: one whose name says train, and maybe one whose name says test."""
    found = {half: [file for file in files if half in file.name.lower()] for half in ("train", "test")}
    halves = [half for half in found if half == "train" or found[half]]
    return {half: _table(_only(folder, f"CSV file named {half}.csv", found[half])) for half in halves}


def _table(path: Path) -> Half:
    """A CSV of a label and 784 grey values a row; the label is in the column of that name, without a header first."""
    text = user_files.decode(user_files.read(path), path)
    first = [field.strip().strip('"').lower() for field in text.split("\n", 1)[0].split(",")]
    header = not all(re.fullmatch(r"-?\d+(\.\d*)?", field) for field in first)
    if len(first) != SIDE * SIDE + 1:
        raise StageError(
            f"{path}, row 1: {len(first):,} fields; it should have a label and 784 grey values. Kaggle's test.csv has "
            "no labels: use its train.csv alone"
        )
    places = [place for place, name in enumerate(first) if name in LABEL] if header else [0]
    if len(places) != 1:
        raise StageError(f"{path} should have one column named {' or '.join(LABEL)}; it has {len(places)}")
    try:
        values = np.loadtxt(
            io.StringIO(text), np.int64, delimiter=",", comments=None, quotechar='"', skiprows=int(header), ndmin=2
        )
    except (ValueError, OverflowError) as error:
        raise StageError(f"{path} is not a table of a label and 784 grey values: {error} (from row 0)") from error
    return np.delete(values, places, axis=1).reshape(-1, SIDE, SIDE), values[:, places[0]]


# ---- pictures


def read_pictures(folder: Path, decode: Callable[[Path], np.ndarray]) -> Source:
    """Pictures of a folder, {train,test}/<class>/* or <class>/*, each made of its file by `decode`: uint8, (28, 28).

    They are sorted by name within their class. Classes whose names are all whole numbers 0..99 have these as labels and
    no names; others are numbered in their order.
    """
    paths = user_files.below(folder)
    inner = {path.relative_to(folder).parts[0] for path in paths if path.parent != folder}
    present = sorted({"train", "test"} & inner, reverse=True)
    if present and (others := sorted(inner - set(present))):
        raise StageError(f"{folder} has a folder {others[0]} beside train and test: put its pictures into one of them")
    roots = {half: folder / half for half in present} or {"train": folder}
    found = {half: [path for path in paths if path.parent.parent == root] for half, root in roots.items()}
    if not all(found.values()):
        raise StageError(f"{folder} has no folders of pictures, one for each class; data.digits may be {FORMS}")
    classes = sorted({path.parent.name for paths in found.values() for path in paths})
    label, names = {name: number for number, name in enumerate(classes)}, dict(enumerate(classes))
    if all(re.fullmatch("[0-9]{1,2}", name) for name in classes):
        label, names = {name: int(name) for name in classes}, {}
    halves = {}
    for half, paths in found.items():
        images = [decode(path) for path in tqdm(paths, "pictures", disable=None, leave=False)]
        halves[half] = np.stack(images), np.array([label[path.parent.name] for path in paths])
    return halves, "JPEG, PNG and BMP pictures in a folder of each class", names


def exact(path: Path) -> np.ndarray:
    """A picture of 28 × 28 grey values, uint8, shape (28, 28); every other one is refused."""
    image = picture(path)
    advice = "`reprise prepare-digits SOURCE TARGET` brings pictures to this form"
    if image.size != (SIDE, SIDE):
        raise StageError(f"{path} has {image.width} × {image.height} pixels; it should have 28 × 28: {advice}")
    pixels = np.asarray(image.convert("RGBA"))
    if np.any(pixels[..., 3] < 255) or np.any(pixels[..., :3] != pixels[..., :1]):
        raise StageError(f"{path} has colours or transparent pixels; it should be grey: {advice}")
    return pixels[..., 0]


def picture(path: Path) -> Image.Image:
    """A PNG, JPEG or BMP picture, 8 bits a channel, decoded and rotated as its EXIF orientation says."""
    content = artifacts.read_input(path)
    try:
        image = Image.open(io.BytesIO(content), formats=PICTURES)
        image.load()
        image = ImageOps.exif_transpose(image)
    except Exception as error:  # a decoder may raise anything on a broken file
        raise StageError(f"{path} is not a whole PNG, JPEG or BMP picture: {error or type(error).__name__}") from error
    if image.mode.startswith("I"):
        raise StageError(f"{path} has 16 bits a pixel; it should have 8")
    return image
