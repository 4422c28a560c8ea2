"""Imports of large libraries: faster, and without the notices that TensorFlow writes while it is loaded."""

import gc
import os
import sys
from typing import TextIO

_stderr: TextIO | None = None  # Python's own, between `begin` and `finish`


def begin() -> None:
    """Call before the imports, and `finish` after them.

    They make 600,000 objects, all of which stay: looking for garbage among them takes a quarter of the time. TensorFlow
    writes notices about oneDNN and CUDA to descriptor 2, and no setting silences them; what Python itself writes, such
    as the traceback of an import that fails, is shown all the same.
    """
    global _stderr
    gc.disable()
    _stderr = sys.stderr
    sys.stderr = open(os.dup(2), "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    with open(os.devnull, "w") as silence:
        os.dup2(silence.fileno(), 2)


def finish() -> None:
    """Show descriptor 2 again, and look for garbage again, but never among what has been imported."""
    global _stderr
    if _stderr is not None:
        os.dup2(sys.stderr.fileno(), 2)
        sys.stderr, _stderr = _stderr, None
    gc.freeze()
    gc.enable()
