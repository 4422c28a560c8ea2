"""Use the trained models: `reprise generate|sentiment|denoise|reconstruct|evaluate|export|demo`, or from Python.

    from reprise.text import Writer
    print(Writer().write("ROMEO:", [0.8], length=200, seed=1)[0])

`__main__` reads the command line; text, reviews and digits hold the commands and a class for each model; evaluate
measures a model on other data, export writes it as ONNX, demo is the page. The models run with the code of stages/.
"""

import contextlib
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

with contextlib.chdir(REPOSITORY):  # stages pins the environment by the params.yaml of the current folder
    import stages  # noqa: F401


def repository(path: str | Path) -> Path:
    """A file of the repository, such as models/textgen.keras, which `dvc repro` makes and `dvc pull` fetches."""
    return REPOSITORY / path


def notice(text: str) -> None:
    """Print progress to a terminal; pipes and logs get none."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
