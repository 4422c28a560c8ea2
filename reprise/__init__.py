"""Use the trained models: `reprise generate|sentiment|denoise|reconstruct|export`, or the same from Python.

    from reprise.generate import Writer
    print(Writer().write("ROMEO:", [0.8], length=200, seed=1)[0])

Each module holds one command and its functions. The models run with the code of stages/, as in the evaluations.
"""

import contextlib
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

with contextlib.chdir(REPOSITORY):  # stages pins the environment by the params.yaml of the current folder
    import stages  # noqa: F401


def notice(text: str) -> None:
    """Print progress to a terminal; pipes and logs get none."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
