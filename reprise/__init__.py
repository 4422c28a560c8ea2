"""The trained models put to use: `reprise generate|sentiment|denoise|reconstruct|export`, and the same as a library.

    from reprise.generate import Writer
    print(Writer().write("ROMEO:", [0.8], length=200, seed=1)[0])

Each module has one command and the functions behind it; what the models do is done by stages/, as in the evaluations.
"""

import contextlib
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

with contextlib.chdir(REPOSITORY):  # stages pins the environment by the params.yaml of the current folder
    from stages.core.errors import StageError


def notice(text: str) -> None:
    """Say what is going on, to a person; in a pipeline or a log there is none."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def read_bytes(path: str) -> bytes:
    """A file that a user has named; "-" is standard input.

    Raises:
        StageError: it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}") from error


def write_bytes(path: str, content: bytes) -> None:
    """A file that a user has named, whole or not at all; "-" is standard output.

    Raises:
        StageError: it cannot be written.
    """
    from stages.core import artifacts

    if path == "-":
        sys.stdout.buffer.write(content)
    else:
        artifacts.write_bytes(path, content)
