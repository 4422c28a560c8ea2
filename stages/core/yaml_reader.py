"""The one reader of params.yaml, dvc.yaml and sweep files: DVC's, so that a stage and dvc.lock agree on every value.

DVC reads YAML 1.2 with ruamel.yaml. Readers of YAML 1.1 take `032` for an octal number, `1:30` for a base-60 one,
`1e-05` for a string, and the last of two equal keys without a message.
"""

import os
from pathlib import Path
from typing import Any

from stages.core import artifacts
from stages.core.errors import StageError, shortened


def read(path: str | Path) -> Any:
    """The content of a YAML file, as DVC reads it."""
    if not os.path.lexists(path):
        raise StageError(f"{path} does not exist here; run from the top of the repository")
    return parse(artifacts.read_input(path), path)


def parse(content: bytes, name: str | Path) -> Any:
    """YAML in UTF-8, as DVC reads it; `name` is for the error.

    Aliases are refused: a few lines of aliases of aliases stand for gigabytes.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent

    yaml = YAML(typ="safe", pure=True)
    try:
        text = content.decode("utf-8")
        if "*" in text and any(isinstance(event, AliasEvent) for event in yaml.parse(text)):
            raise StageError(f"{name} has YAML aliases, `*name`, which are not allowed: write the value out")
        return yaml.load(text)
    except StageError:
        raise
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StageError(f"{name} is not UTF-8: line {line}; save it as UTF-8") from error
    except Exception as error:  # a number of 5,000 digits, the 30th of February, 5,000 brackets: each raises another
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise StageError(f"{name} is not YAML: {where}{shortened(getattr(error, 'problem', None) or error)}") from error
