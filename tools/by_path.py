"""Ends `python stages/autoencoder/train.py` with a line that says how a stage is started.

A file that is run by its path finds no package `stages`: Python looks in the file's own folder. `make setup` copies
this module to the environment, where Python imports it at its start (see reprise_by_path.pth there).
"""

import os
import sys


def advice(arguments: list[str]) -> str | None:
    """What to type instead of these arguments of Python; None where they do not run a stage's file.

    Args:
        arguments: such as ["stages/autoencoder/train.py"].
    """
    import re
    from pathlib import Path

    script = next((argument for argument in arguments if not argument.startswith("-")), "")
    if not script.endswith(".py") or "-m" in arguments or "-c" in arguments:
        return None
    path = Path(script).resolve()
    top = next((folder for folder in path.parents if (folder / "dvc.yaml").is_file()), None)
    if top is None or path.relative_to(top).parts[0] != "stages" or not path.is_file():
        return None
    module = ".".join(path.relative_to(top).with_suffix("").parts)
    pipeline = (top / "dvc.yaml").read_text(encoding="utf-8")
    stages = re.findall(
        rf"^  ([\w-]+):\n(?:    .*\n)*?    cmd: (?:exec )?python -m ({re.escape(module)}(?: .*)?)$", pipeline, re.M
    )
    if not stages:
        return f"{script} is no stage: `dvc stage list` lists the stages"
    name, command = stages[0]
    return f"run a stage from the top of the repository: python -m {command}, or: dvc repro {name}"


# Most programs are no file: nothing more is imported for them.
if any(argument.endswith(".py") for argument in sys.orig_argv[1:]) and (found := advice(sys.orig_argv[1:])) is not None:
    os.write(2, f"error: {found}\n".encode())  # Python is starting: there is no sys.stderr, and no exit but this one
    os._exit(1)
