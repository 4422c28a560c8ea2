"""Removes from further lock files what requirements.txt already pins: python -m tools.locks FILE ...

`make lock` compiles each file in full, with requirements.txt as a constraint, and then calls this. pip installs the
files together (`--requirement requirements.txt --requirement FILE`), so each pin is needed once.
"""

import re
import sys
from pathlib import Path

from stages.core import artifacts
from stages.core.errors import StageError

BASE = Path("requirements.txt")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)")


def main(paths: list[Path]) -> None:
    """Rewrite each file.

    Raises:
        StageError: a file pins another version than requirements.txt.
    """
    base = pins(artifacts.read_text(BASE))
    for path in paths:
        artifacts.write_text(path, without(artifacts.read_text(path), base, path))


def pins(text: str) -> dict[str, str]:
    """Version of each package that a lock file pins."""
    matches = filter(None, map(PIN.match, text.splitlines()))
    return {match["name"]: match["version"] for match in matches}


def without(text: str, base: dict[str, str], path: Path) -> str:
    """A lock file without the pins of `base`: their lines, hashes and comments.

    Raises:
        StageError: a package has another version there.
    """
    kept, keep = [], True
    for line in text.splitlines(keepends=True):
        if match := PIN.match(line):
            name, version = match["name"], match["version"]
            if base.get(name, version) != version:
                raise StageError(f"{path} pins {name}=={version}, {BASE} pins {name}=={base[name]}; run `make lock`")
            keep = name not in base
        elif not line.startswith(" "):
            keep = True
        if keep:
            kept.append(line)
    return "".join(kept)


if __name__ == "__main__":
    try:
        main([Path(name) for name in sys.argv[1:]])
    except StageError as error:
        sys.exit(f"error: {error}")
