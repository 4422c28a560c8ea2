"""Sweeps: many experiments declared in one file, run on this machine or on a Ray cluster, told with mean and spread.

python -m sweeps run sweeps/default.yaml

Experiments are DVC's own (`dvc exp show`, `dvc exp apply` ...). Nothing here is part of `dvc repro`, and no stage
imports it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stages.core.errors import StageError


def environment() -> dict[str, str]:
    """The environment for DVC: its stages are started as `python` and must find this one, and so must its queue."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def git(*arguments: str) -> str:
    """What a git command prints.

    Raises:
        StageError: it failed; with the last line of its error.
    """
    return _told("git", *arguments)


def dvc(*arguments: str) -> str:
    """What a dvc command prints.

    Raises:
        StageError: it failed; with the line of its error.
    """
    return _told(sys.executable, "-m", "dvc", *arguments)


def _told(*command: str) -> str:
    # Files, not pipes: `dvc queue start` leaves workers behind, and a pipe would be read until they end.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        result = subprocess.run(command, stdout=output, stderr=errors, check=False, env=environment())
        output.seek(0)
        errors.seek(0)
        if result.returncode == 0:
            return output.read()
        told = [line for line in errors.read().splitlines() if line.strip()]
    name, arguments = ("git", command[1:]) if command[0] == "git" else ("dvc", command[3:])
    wrong = [line for line in told if line.startswith(("ERROR: ", "fatal: ", "error: "))] or told or [": it failed"]
    raise StageError(f"{name} {' '.join(arguments[:2])}: {wrong[-1].split(': ', 1)[-1]}")
