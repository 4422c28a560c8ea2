"""What a running stage depends on: noted when it starts, compared when it is done.

DVC hashes the dependencies of a stage after its command has ended. Without the comparison, an edit of params.yaml, code
or data made while a stage runs would be recorded as the origin of results that were made without it.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import yaml_reader
from stages.core.errors import StageError, shortened

PARAMS, PIPELINE = "params.yaml", "dvc.yaml"
CODE = Path(__file__).parents[1]
STAGE = "DVC_STAGE"  # an environment variable that dvc sets for its stages: the stage's name
TEMPORARY = (".tmp", ".tmp.keras")
NAMED = 3  # changed files in a message


class File(NamedTuple):
    """The state of a file."""

    size: int
    modified: int  # nanoseconds
    inode: int
    digest: str | None  # of code; anything else may be too large, and is judged by the rest


class Snapshot:
    """The state of params.yaml, the code and the inputs of the running stage.

    Args:
        stage: its entry in dvc.yaml; where there is none, every param counts, and no file but the code.
    """

    def __init__(self, stage: dict[str, Any] | None) -> None:
        self.keys = _keys(stage)
        self.params: dict[str, str] = {}
        with contextlib.suppress(StageError):  # the stage ends with that error as soon as it reads the file
            self.params = self._params()
        self.dependencies = [self._resolved(path) for path in (stage or {}).get("deps", [])]
        self.files = _files(self.dependencies)
        self.code = _files([*CODE.rglob("*.py"), *imported()])
        self.loaded: set[str] = set()

    def begin(self) -> None:
        """Call when the stage has been imported and has read params.yaml.

        Raises:
            StageError: params.yaml or imported code is no longer as noted.
        """
        self.loaded = _imported()
        self._compare(self._code(self.loaded), _files(self.loaded))

    def end(self) -> None:
        """Call when the stage has written all its outputs.

        Code imported before `begin` has changed if its content has, any other file if it was written at all: the stage
        may have read it at any time.

        Raises:
            StageError: a line for each thing that has changed.
        """
        used = _imported()
        before = self.files | self._code(used)
        now = _files(self.dependencies) | _files(used)
        for name in self.loaded & now.keys() & before.keys():
            if before[name].digest == now[name].digest:
                now[name] = before[name]
        self._compare(before, now)

    def _code(self, names: set[str]) -> dict[str, File]:
        return {name: self.code[name] for name in names & self.code.keys()}

    def _compare(self, before: dict[str, File], now: dict[str, File]) -> None:
        changes = []
        params = self._params()
        if keys := sorted(key for key in self.params | params if self.params.get(key) != params.get(key)):
            values = [f"{key}: {self.params.get(key, 'absent')} → {params.get(key, 'absent')}" for key in keys[:NAMED]]
            changes.append((PARAMS, f" ({', '.join(values)}{_more(keys)})"))
        names = sorted(name for name in before | now if before.get(name) != now.get(name))
        shown = names[:NAMED]
        if len(names) > NAMED:
            shown[-1] += _more(names)
        changes += [(name, "") for name in shown]
        if changes:
            raise StageError(*(f"{name} changed while this stage ran{detail}; run again" for name, detail in changes))

    def _params(self) -> dict[str, str]:
        """The params that the stage depends on: dotted name → value as JSON.

        Raises:
            StageError: params.yaml cannot be read.
        """
        try:
            leaves = dict(_leaves(yaml_reader.read(PARAMS)))
        except (RecursionError, ValueError) as error:  # a section that contains itself
            raise StageError(f"{PARAMS} is not usable: {shortened(error)}") from error
        if self.keys is None:
            return leaves
        return {name: leaves[name] for name in leaves if any(f"{name}.".startswith(f"{key}.") for key in self.keys)}

    def _resolved(self, path: str) -> str:
        """A dependency with the values of its `${key}`."""
        return re.sub(r"\$\{([^}]+)\}", lambda key: str(json.loads(self.params.get(key[1].strip(), '""'))), path)


def of_this_process() -> Snapshot | None:
    """A snapshot, where this process is a stage: started by dvc or as `python -m stages.<task>.<stage>`."""
    arguments = sys.orig_argv[1:]
    if STAGE not in os.environ and not any(argument.startswith("stages.") for argument in arguments):
        return None
    return Snapshot(_declared(os.environ.get(STAGE), arguments))


def imported() -> list[Path]:
    """The files of this repository's code that this process has imported."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] == "stages"]
    files = {Path(module.__file__) for module in modules if getattr(module, "__file__", None)}
    if (main := getattr(sys.modules["__main__"], "__file__", None)) is not None:
        files.add(Path(main))
    return sorted(files)


def _imported() -> set[str]:
    return {os.path.relpath(path) for path in imported()}


def _declared(name: str | None, arguments: list[str]) -> dict[str, Any] | None:
    """The entry of a stage in dvc.yaml, by its name or by the arguments of its command; None where there is none."""
    try:
        stages = yaml_reader.read(PIPELINE)["stages"]
        if name is not None:
            return stages.get(name.rpartition(":")[2])
        return next((stage for stage in stages.values() if shlex.split(stage["cmd"])[1:] == arguments), None)
    except (StageError, KeyError, TypeError, AttributeError, ValueError):
        return None  # DVC reports what is wrong with the file


def _keys(stage: dict[str, Any] | None) -> list[str] | None:
    """The keys of params.yaml that a stage depends on; None for all of them."""
    if stage is None:
        return None
    keys: list[str] = []
    for entry in stage.get("params", []):
        if isinstance(entry, str):
            keys.append(entry)
        elif PARAMS in entry:
            if entry[PARAMS] is None:
                return None
            keys += entry[PARAMS]
    return keys


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, json.dumps(value, ensure_ascii=False, default=str)


def _more(names: list[str]) -> str:
    return f" and {len(names) - NAMED} more" if len(names) > NAMED else ""


def _files(paths: Iterable[str | Path]) -> dict[str, File]:
    """The state of every file among these paths and in these folders: relative path → state. Links are followed.

    Left out is what .dvcignore excludes, and what cannot be read: DVC reports it.
    """
    found: dict[str, File] = {}
    folders, seen = [], set()

    def note(path: str, status: os.stat_result) -> None:
        if not stat.S_ISDIR(status.st_mode):
            found[path] = _file(path, status)
        elif (place := (status.st_dev, status.st_ino)) not in seen:  # not twice through a link
            seen.add(place)
            folders.append(path)

    for path in map(os.path.relpath, paths):
        with contextlib.suppress(OSError):
            note(path, os.stat(path))
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name != "__pycache__" and not entry.name.endswith(TEMPORARY):
                    with contextlib.suppress(OSError):
                        note(entry.path, entry.stat())
    return found


def _file(path: str, status: os.stat_result) -> File:
    digest = None
    if path.endswith(".py") and stat.S_ISREG(status.st_mode):
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return File(status.st_size, status.st_mtime_ns, status.st_ino, digest)
