"""What a running stage depends on: noted when it starts, compared when it is done.

DVC hashes the dependencies of a stage after its command has ended. Without the comparison, an edit of params.yaml, code
or data made while a stage runs would be recorded as the origin of results that were made without it.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages.core import artifacts
from stages.core.errors import StageError

PARAMS, PIPELINE = "params.yaml", "dvc.yaml"
IGNORED = (".pyc", ".tmp", ".tmp.keras")  # see .dvcignore
NAMED = 3  # changes in a message, of what may be thousands of files


class Snapshot:
    """The state of the params, the code and the inputs that dvc.yaml declares for a stage."""

    def __init__(self, name: str) -> None:
        stage = artifacts.read_yaml(PIPELINE)["stages"].get(name, {})
        self.keys = [key if isinstance(key, str) else "" for key in stage.get("params", [])]  # "": {params.yaml: null}
        params = _params()
        self.deps = [
            re.sub(r"\$\{([^}]+)\}", lambda key: str(_value(params, key[1].strip())), path)
            for path in stage.get("deps", [])
        ]
        self.noted = self._state()

    def check(self) -> None:
        """Raise a StageError where anything is not as it was noted."""
        now = self._state()
        changed = sorted(name for name in self.noted | now if self.noted.get(name) != now.get(name))
        if changed:
            raise StageError(*(f"{name} changed while this stage ran; run again" for name in changed[:NAMED]))

    def _state(self) -> dict[str, Any]:
        """Name of a param or path of a file → its state."""
        params = _params()
        state = {f"{PARAMS}: {key}".rstrip(": "): _value(params, key) for key in self.keys}
        return state | {name: _file(name) for path in self.deps for name in _files(path)}


def _params() -> Any:
    try:
        return artifacts.read_yaml(PARAMS)
    except StageError:  # the stage ends with that error when it loads the file
        return None


def _value(params: Any, key: str) -> Any:
    """The value of a dotted key; all of params.yaml for an empty one, None where there is none."""
    for name in filter(None, key.split(".")):
        params = params.get(name) if isinstance(params, dict) else None
    return params


def _files(path: str) -> Iterator[str]:
    """A file, or the files below a folder; links are followed."""
    if Path(path).is_file():
        yield path
    for folder, _, names in os.walk(path, followlinks=True):
        yield from (f"{folder}/{name}" for name in names if not name.endswith(IGNORED))


def _file(path: str) -> Any:
    """Of code the content: it may be saved without an edit. Of all else, which may be large, what a write changes."""
    try:
        if path.endswith(".py"):
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()
        status = os.stat(path)
    except OSError:  # DVC reports it
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def imported() -> list[Path]:
    """The files of this repository's code that this process has imported."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in ("stages", "__main__")]
    return sorted({Path(module.__file__) for module in modules if getattr(module, "__file__", None)})
