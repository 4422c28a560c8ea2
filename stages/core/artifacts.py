"""Everything a stage writes or reads: whole or not at all, and the same bytes for the same content.

A file appears under its name only when it is whole, so a killed stage leaves no half-written file that a later one
would take for good. Nothing here stores a date, and nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stages.core.errors import StageError, shortened

if TYPE_CHECKING:
    import numpy as np  # nothing is imported here but by what needs it: a stage is pinned before numpy is imported

SIGNIFICANT_DIGITS = 6
LARGEST_INPUT = 2**32  # bytes: what is larger would not fit into the memory of a stage
# What numpy raises where the bytes of an archive are damaged: also unknown compressions, passwords, absurd sizes.
DAMAGED = (ValueError, TypeError, AttributeError, OSError, EOFError, RuntimeError, OverflowError, zipfile.BadZipFile,
           zlib.error)  # fmt: skip


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write, which becomes `path` whole or not at all: where it fails, an older `path` is untouched."""
    path = Path(path)
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:  # x: never a file, link or pipe that is there already
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        raise StageError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    """Write `content` to `path` as `writing` does."""
    with writing(path) as file:
        file.write(content)


def temporary_name(path: Path, suffix: str = ".tmp") -> Path:
    """A new hidden name next to `path`, which no other writer has: several may write the same file at once."""
    return path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}{suffix}")


def is_folder(path: str | Path) -> bool:
    """Is `path` a folder, or a regular file that can be read whole? A pipe or a device may never end."""
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        raise StageError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise StageError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    if stat.S_ISDIR(status.st_mode):
        return True
    if not stat.S_ISREG(status.st_mode):
        raise StageError(f"{path} is not a regular file but a pipe, a socket or a device")
    if status.st_size > LARGEST_INPUT:
        raise StageError(f"{path} has more than {LARGEST_INPUT // 2**30} GiB, the most that is read")
    return False


def check_file(path: str | Path, *, made: bool = False) -> None:
    """Raise a StageError unless `path` is a regular file that can be read whole; `made`: by the pipeline."""
    if made and not os.path.lexists(path):
        raise StageError(f"{path} does not exist; `dvc repro` makes it, `dvc pull` fetches it")
    if is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")


def read_input(path: str | Path, *, made: bool = False) -> bytes:
    """The content of a file that a user brings."""
    check_file(path, made=made)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error


def read_bytes(path: str | Path) -> bytes:
    """The content of a file that the pipeline makes."""
    return read_input(path, made=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with line feeds, whatever the platform's own line ends."""
    write_bytes(path, text.encode("utf-8"))


def read_text(path: str | Path) -> str:
    """Read UTF-8 text."""
    return read_bytes(path).decode("utf-8")


def rounded(value: Any) -> Any:
    """`value` with every float in it, at any depth, at `SIGNIFICANT_DIGITS` digits, and numpy's types as Python's."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def json_text(content: Any) -> str:
    """JSON in the order given; floats are rounded, NaN and infinity are refused (they are not JSON)."""
    return json.dumps(rounded(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: str | Path, content: Any) -> None:
    """Write `json_text`."""
    write_text(path, json_text(content))


def read_json(path: str | Path) -> Any:
    """Read JSON."""
    return json.loads(read_text(path))


def read_yaml(path: str | Path) -> Any:
    """The content of params.yaml, dvc.yaml or a sweep file, as DVC reads it: a stage and dvc.lock agree on every value.

    DVC reads YAML 1.2 with ruamel.yaml. Readers of YAML 1.1 take `032` for an octal number, `1:30` for a base-60 one,
    `1e-05` for a string, and the last of two equal keys without a message.
    """
    if not os.path.lexists(path):
        raise StageError(f"{path} does not exist here; run from the top of the repository")
    return parse_yaml(read_input(path), path)


def parse_yaml(content: bytes, name: str | Path) -> Any:
    """YAML in UTF-8, as DVC reads it; `name` is for the error.

    Aliases are refused: a few lines of aliases of aliases stand for gigabytes.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent

    yaml = YAML(typ="safe", pure=True)
    try:
        text = content.decode("utf-8")
        aliases = "*" in text and any(isinstance(event, AliasEvent) for event in yaml.parse(text))
        value = None if aliases else yaml.load(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StageError(f"{name} is not UTF-8: line {line}; save it as UTF-8") from error
    except Exception as error:  # a number of 5,000 digits, the 30th of February, 5,000 brackets: each raises another
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise StageError(f"{name} is not YAML: {where}{shortened(getattr(error, 'problem', None) or error)}") from error
    if aliases:
        raise StageError(f"{name} has YAML aliases, `*name`, which are not allowed: write the value out")
    return value


def write_csv(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, columns in the order of the first row; floats are rounded as in `write_json`."""
    import pandas as pd

    frame = pd.DataFrame(rounded(list(rows)))
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def read_csv(path: str | Path, *, text: Iterable[str] = ()) -> Any:
    """Read CSV as a DataFrame; text stays text, also where it says NA, and in `text` columns where it is a number."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(read_bytes(path)), keep_default_na=False, dtype=dict.fromkeys(text, str))


def write_npz(path: str | Path, **arrays: np.ndarray) -> None:
    """Write arrays as .npz, uncompressed: what a compressor writes depends on its version."""
    write_zip(path, {f"{name}.npy": npy(array) for name, array in arrays.items()})


def npy(array: np.ndarray) -> memoryview:
    """An array as the content of a .npy file."""
    import numpy as np

    member = io.BytesIO()
    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return member.getbuffer()


def write_zip(path: str | Path, members: Mapping[str, bytes | memoryview]) -> None:
    """Write an uncompressed zip archive whose bytes depend on its members alone."""
    with writing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            header = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            header.create_system = 3  # Unix, also where it is not
            header.external_attr = 0o600 << 16
            archive.writestr(header, content)


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Every array of an .npz by name; never unpickles."""
    import numpy as np

    content = io.BytesIO(read_bytes(path))
    try:
        with np.load(content, allow_pickle=False) as archive:
            return dict(archive)
    except DAMAGED as error:
        raise StageError(f"{path} is not a valid .npz: {shortened(error)}") from error


def write_png(path: str | Path, figure: Any) -> None:
    """Write a matplotlib figure as PNG and close it."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    write_bytes(path, buffer.getvalue())
