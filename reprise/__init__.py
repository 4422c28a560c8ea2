"""Use the trained models: `reprise generate|sentiment|denoise|reconstruct|evaluate|export|demo`, or from Python.

    from reprise.text import Writer
    print(Writer().write("ROMEO:", [0.8], length=200, seed=1)[0])

`__main__` reads the command line; text, reviews and digits hold the commands and a class for each model; evaluate
measures a model on other data, export writes it as ONNX, demo is the page. The models run with the code of stages/.
"""

import contextlib
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

with contextlib.chdir(REPOSITORY):  # stages pins the environment by the params.yaml of the current folder
    import stages  # noqa: F401


def repository(path: str | Path) -> Path:
    """A file of the repository, such as models/textgen.keras, which `dvc repro` makes and `dvc pull` fetches."""
    return REPOSITORY / path


def read_model(path: Path, names: Collection[str], what: str) -> Any:
    """A Keras model from its file, which has to be `what`: `names` are those that such a model has."""
    from stages.core import model_files
    from stages.core.errors import StageError

    model = model_files.read(path)
    if model.name not in names:
        raise StageError(f"{path} is not {what}: its name is {model.name!r}")
    return model


def notice(text: str) -> None:
    """Print progress to a terminal; pipes and logs get none."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
