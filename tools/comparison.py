"""A run compared with the committed results: which files, which stages and which metrics differ."""

import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from stages.core import yaml_reader

# How far a metric may lie from the committed one where the bits differ: pattern, absolute, relative; the first pattern
# that fits counts, and the larger of the two bounds. One thread instead of two, on the committed params, moved 16 of
# 128 metrics: the conv denoiser's by 0.3 % at most and one digit of 500, no other network's. The bounds are wider than
# three times that because no other kind of processor was tried.
TOLERANCES = (
    ("denoiser.recognition.*", 0.01, 0.0),  # 10 of 1,000 digits
    ("sentiment.*mcnemar_p", 0.5, 0.0),  # a few reviews move it far
    ("sentiment.*threshold", 0.05, 0.0),
    ("sentiment.*weight", 0.05, 0.0),
    ("sentiment.*", 0.01, 0.0),  # 25 of 2,490 reviews, as much as half of the 95 % interval
    ("textgen.known_words", 0.03, 0.0),  # of 1,400 sampled words
    ("textgen.*", 0.015, 0.01),  # nats, as much as half of the 95 % interval
    ("*", 0.0, 0.02),
)


class Difference(NamedTuple):
    """A metric that is not the committed one; None where one of the two lacks it."""

    name: str
    committed: float | None
    now: float | None

    @property
    def size(self) -> float:
        """How far apart they are."""
        return abs((self.now or 0.0) - (self.committed or 0.0))

    @property
    def allowed(self) -> float:
        """How far apart they may be."""
        return tolerance(self.name, self.committed or 0.0)

    @property
    def beyond(self) -> bool:
        """Is this more than rounding explains?"""
        return self.committed is None or self.now is None or self.size > self.allowed


def changed(*paths: str, folder: str | Path = ".") -> list[str]:
    """Files under `paths` that are not as the last commit of the checkout in `folder` has them."""
    command = ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--", *paths]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return [entry[3:] for entry in told.split("\0") if entry]


def committed(path: str, folder: str | Path = ".") -> str:
    """The text of a file in the last commit of the checkout in `folder`."""
    command = ["git", "show", f"HEAD:./{path}"]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=True).stdout


def hashes(lock: str) -> dict[tuple[str, str], str]:
    """MD5 of every output in the text of a dvc.lock, by stage and path."""
    stages = yaml_reader.parse(lock.encode(), "dvc.lock")["stages"]
    return {(name, out["path"]): out["md5"] for name, stage in stages.items() for out in stage.get("outs", [])}


def first_different(old: dict[tuple[str, str], str], new: dict[tuple[str, str], str], order: list[str]) -> str | None:
    """The first stage, in `order`, with an output that is not in both with the same hash; None: there is none."""
    stages = {name for name, path in old.keys() | new.keys() if old.get((name, path)) != new.get((name, path))}
    return next((name for name in order if name in stages), None)


def differences(old: dict[str, float], new: dict[str, float], task: str) -> Iterator[Difference]:
    """The metrics of a task that differ, by their dotted keys."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Difference(f"{task}.{key}", old.get(key), new.get(key))


def numbers(content: dict | list, prefix: str = "") -> list[tuple[str, float]]:
    """Every number under its dotted key; the ends of an interval are `.0` and `.1`. Words are left out."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    found: list[tuple[str, float]] = []
    for key, value in items:
        name = f"{prefix}{key}"
        if isinstance(value, dict | list):
            found += numbers(value, f"{name}.")
        elif isinstance(value, int | float):
            found.append((name, value))
    return found


def tolerance(name: str, committed: float) -> float:
    """How far metric `name` may be from its committed value."""
    absolute, relative = next(rest for pattern, *rest in TOLERANCES if fnmatch(name, pattern))
    return max(absolute, relative * abs(committed))
