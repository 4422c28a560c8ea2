"""What `make repro` ends with: each task's headline and its baselines, and how the run compares with the committed one.

python -m tools.compare
"""

import json
import math
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import artifacts
from stages.core.errors import StageError
from tools import run

RESULTS = ("dvc.lock", "metrics", "plots", "report")
SOURCES = ("params.yaml", "dvc.yaml", "stages", "requirements.txt")
# How far a metric may lie from the committed one where the bits differ: pattern, absolute, relative; the first pattern
# that fits counts, and the larger of the two bounds. Two threads instead of one, on the committed params, moved 6 of 23
# metrics: the conv denoiser's PSNR by 0.02 %, the classifier's shares by 0.0024 at most. The bounds are wider than
# three times that because no other kind of processor was tried.
TOLERANCES = (
    ("sentiment.*", 0.01, 0.0),  # 25 of 2,490 reviews, as much as half of the 95 % interval
    ("textgen.known_words", 0.03, 0.0),  # of 1,400 sampled words
    ("textgen.*", 0.015, 0.01),  # nats, as much as half of the 95 % interval
    ("*", 0.0, 0.02),
)


class Headline(NamedTuple):
    """What a task is judged by; keys of metrics/<task>.json."""

    task: str
    measure: str
    key: str
    baselines: dict[str, str]  # the one to beat first
    more_is_better: bool


HEADLINES = (
    Headline("autoencoder", "mean squared error", "mse", {"PCA": "pca.mse"}, False),
    Headline(
        "denoiser",
        "PSNR of the conv network, dB",
        "conv.psnr",
        {"best filter": "best_filter.psnr", "non-local means": "classical.psnr", "noisy": "noisy.psnr"},
        True,
    ),
    Headline("textgen", "nats per character", "nats", {"n-gram": "baselines.ngram", "bzip2": "baselines.bzip2"}, False),
    Headline("sentiment", "accuracy", "accuracy", {"NB n-grams": "baselines.nb"}, True),
)


class Difference(NamedTuple):
    """A metric that is not the committed one; None where one of the two lacks it."""

    name: str
    committed: float | None
    now: float | None
    allowed: float

    @property
    def beyond(self) -> bool:
        """Is this more than rounding explains?"""
        return None in (self.committed, self.now) or abs(self.now - self.committed) > self.allowed


def main() -> None:
    """Print the headlines, where to look, and how the run compares with the committed one."""
    for headline in HEADLINES:
        result, baselines = figures(headline, artifacts.read_json(f"metrics/{headline.task}.json"))
        print(f"{headline.task:<12} {headline.measure:<29} {result:<8} baselines: {baselines}")
    print("\neverything in words and pictures: report/index.html, in any browser")
    print("all metrics: dvc metrics show      all series: dvc plots show")
    try:
        print(comparison())
    except StageError as error:
        print(f"not compared with committed results: {error}")


def figures(headline: Headline, metrics: dict) -> tuple[str, str]:
    """The result and its baselines, as text with four digits; what is no number in the metrics is left out."""
    found = numbers(metrics)
    told = ", ".join(f"{name} {found[key]:.4g}" for name, key in headline.baselines.items() if key in found)
    return f"{found[headline.key]:.4g}" if headline.key in found else "not a number", told


def flat(content: dict, prefix: str = "") -> dict[str, Any]:
    """Every key of nested sections, with dots, and its value; sections are there, too."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        found[f"{prefix}{key}"] = value
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {}
    return found


def numbers(content: dict) -> dict[str, float]:
    """The numbers of a metrics file by key with dots; NaN and true are none."""
    return {
        key: value
        for key, value in flat(content).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def comparison() -> str:
    """Do the results equal the committed ones, and if not, what is the first to differ?"""
    different, edited = changed(*RESULTS), changed(*SOURCES)
    equal = "every result equals the committed one, to the bit"
    if not different:
        return equal
    old, new = hashes(git("show", "HEAD:./dvc.lock")), hashes(artifacts.read_text("dvc.lock"))
    if different == ["dvc.lock"] and old == new:
        return f"{equal}; dvc.lock, which also has the hashes of the code, is to be committed"
    where = "`dvc metrics diff` and `git diff --stat` show where"
    if edited:
        return f"results differ from the committed ones, as {', '.join(edited[:3])} may explain; {where}"
    others = {stage for stage, path in old.keys() | new.keys() if old.get((stage, path)) != new.get((stage, path))}
    first = next((stage for stage in artifacts.read_yaml("dvc.yaml")["stages"] if stage in others), "none of dvc.lock")
    paths = [str(path) for path in Path("metrics").glob("*.json")]
    found = differences(metrics(paths, "HEAD"), metrics(paths))
    off = [difference.name for difference in found if difference.beyond]
    return (
        f"results differ from the committed ones, though params and code do not; {where}\n"
        f"the first stage to differ: {first}; metrics that differ: {len(found)}, {len(off)} of them by more than "
        f"rounding explains{': ' if off else ''}{', '.join(off[:3])} (see make verify)"
    )


def git(*arguments: str, folder: str | Path = ".") -> str:
    """What a git command prints."""
    return printed("git", "-C", folder, *arguments)


def printed(*command: str | Path) -> str:
    """What a command prints; its own message, as one line, where it fails."""
    try:
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    except FileNotFoundError as error:
        raise StageError(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        message = " ".join(error.stderr.split()) or "nothing is committed"
        raise StageError(f"{Path(command[0]).name} says: {message}") from error


def clone(commit: str, folder: Path) -> None:
    """A checkout of a commit in a new folder, with an empty cache and no dvc.lock: no result counts as done."""
    git("clone", "--quiet", "--no-checkout", git("rev-parse", "--show-toplevel").rstrip("\n"), str(folder))
    git("checkout", "--quiet", "--detach", commit, folder=folder)
    artifacts.write_text(folder / ".dvc/config.local", "[cache]\n    dir = cache\n")
    (folder / "dvc.lock").unlink()


def changed(*paths: str, folder: str | Path = ".") -> list[str]:
    """Files under `paths` that are not as the last commit of the checkout in `folder` has them."""
    told = git("status", "--porcelain", "-z", "--untracked-files=all", "--", *paths, folder=folder)
    return [entry[3:] for entry in told.split("\0") if entry]


def hashes(lock: str) -> dict[tuple[str, str], str]:
    """MD5 of every output in the text of a dvc.lock, by stage and path."""
    stages = artifacts.parse_yaml(lock.encode(), "dvc.lock")["stages"]
    return {(name, out["path"]): out["md5"] for name, stage in stages.items() for out in stage.get("outs", [])}


def metrics(paths: Iterable[str], commit: str = "", folder: str | Path = ".") -> dict[str, float]:
    """Every number of some files metrics/<task>.json, as they are or as a commit has them: `<task>.<key>` → value."""
    found = {}
    for path in paths:
        text = git("show", f"{commit}:./{path}", folder=folder) if commit else artifacts.read_text(Path(folder, path))
        found |= {f"{Path(path).stem}.{key}": value for key, value in numbers(json.loads(text)).items()}
    return found


def differences(committed: dict[str, float], now: dict[str, float]) -> list[Difference]:
    """The metrics that differ, by name."""
    pairs = {name: (committed.get(name), now.get(name)) for name in sorted(committed | now)}
    return [Difference(name, old, new, tolerance(name, old or 0.0)) for name, (old, new) in pairs.items() if old != new]


def tolerance(name: str, committed: float) -> float:
    """How far metric `name` may be from its committed value."""
    absolute, relative = next(rest for pattern, *rest in TOLERANCES if fnmatch(name, pattern))
    return max(absolute, relative * abs(committed))


if __name__ == "__main__":
    run(main)
