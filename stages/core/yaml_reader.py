"""The one reader of params.yaml, dvc.yaml and sweep files: DVC's, so that a stage and dvc.lock agree on every value.

DVC reads YAML 1.2 with ruamel.yaml. Readers of YAML 1.1 take `032` for an octal number, `1:30` for a base-60 one,
`1e-05` for a string, and the last of two equal keys without a message.
"""

import os
from pathlib import Path
from typing import Any

from stages.core import inputs
from stages.core.errors import StageError, shortened

LARGEST_YAML = 1_000_000  # bytes


def read(path: str | Path) -> Any:
    """The content of a YAML file, as DVC reads it."""
    if not os.path.lexists(path):
        raise StageError(f"{path} does not exist here; run from the top of the repository")
    return parse(inputs.read(Path(path), LARGEST_YAML), path)


def parse(content: bytes, name: str | Path) -> Any:
    """YAML in UTF-8, as DVC reads it; `name` is for the error.

    Aliases are refused: a few lines of aliases of aliases stand for gigabytes.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.composer import Composer, ComposerError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent

    class WithoutAliases(Composer):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.parser.check_event(AliasEvent):
                raise ComposerError(None, None, "aliases are not allowed", self.parser.peek_event().start_mark)
            return super().compose_node(parent, index)

    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = WithoutAliases
    try:
        return yaml.load(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StageError(f"{name} is not UTF-8: line {line}; save it as UTF-8") from error
    except MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise StageError(f"{name} is not YAML: {where}{shortened(error.problem or error)}") from error
    except RecursionError as error:
        raise StageError(f"{name} is not usable: its brackets are nested too deeply") from error
    except (YAMLError, ValueError, OverflowError) as error:  # a number of 5,000 digits, the 30th of February
        raise StageError(f"{name} is not YAML: {shortened(error)}") from error
