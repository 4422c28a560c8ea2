"""Sweeps: many experiments declared in one file, run on this machine or on a Ray cluster, with mean and spread.

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
    """The environment for DVC, in which its stages and its queue find this Python as `python`."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def git(*arguments: str) -> str:
    """Output of a git command.

    Raises:
        StageError: it failed; with the last line of its error.
    """
    return _output("git", *arguments)


def dvc(*arguments: str) -> str:
    """Output of a dvc command.

    Raises:
        StageError: it failed; with the line of its error.
    """
    return _output(sys.executable, "-m", "dvc", *arguments)


def _output(*command: str) -> str:
    # Files, not pipes: `dvc queue start` leaves workers behind, and a pipe would be read until they end.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        result = subprocess.run(command, stdout=output, stderr=errors, check=False, env=environment())
        output.seek(0)
        errors.seek(0)
        if result.returncode == 0:
            return output.read()
        lines = [line for line in errors.read().splitlines() if line.strip()]
    name, arguments = ("git", command[1:]) if command[0] == "git" else ("dvc", command[3:])
    wrong = [line for line in lines if line.startswith(("ERROR: ", "fatal: ", "error: "))] or lines or [": it failed"]
    raise StageError(f"{name} {' '.join(arguments[:2])}: {wrong[-1].split(': ', 1)[-1]}")
