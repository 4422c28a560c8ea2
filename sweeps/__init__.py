"""Sweeps: many experiments declared in one file, run on this machine or on a Ray cluster, told with mean and spread.

python -m sweeps run sweeps/default.yaml

Experiments are DVC's own (`dvc exp show`, `dvc exp apply` ...). Nothing here is part of `dvc repro`, and no stage
imports it.
"""

import os
import subprocess
import sys
from pathlib import Path

from stages import StageError


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
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if result.returncode:
        name = "git" if command[0] == "git" else "dvc"
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("ERROR: ", "fatal: ", "error: "))] or lines or ["failed"]
        arguments = " ".join(command[1 if name == "git" else 3 :][:3])
        raise StageError(f"{name} {arguments}: {errors[-1].split(': ', 1)[-1]}")
    return result.stdout
