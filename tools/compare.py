"""What `make repro` ends with: each task's headline and its baselines, and how the run compares with the committed one.

python -m tools.compare
"""

import json
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from tools import run

RESULTS = ("dvc.lock", "metrics", "plots", "report")
SOURCES = ("params.yaml", "dvc.yaml", "stages", "requirements.txt")
# How far a metric may lie from the committed one where the bits differ: pattern, absolute, relative; the first pattern
# that fits counts, and the larger of the two bounds. One thread instead of two, on the committed params, moved 16 of
# 128 metrics: the conv denoiser's by 0.3 % at most and one digit of 500, no other network's. The bounds are wider than
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
    Headline("sentiment", "accuracy", "accuracy", {"NB n-grams": "baselines.nb.accuracy"}, True),
)


class Difference(NamedTuple):
    """A metric that is not the committed one; None where one of the two lacks it."""

    name: str
    committed: float | None
    now: float | None

    @property
    def allowed(self) -> float:
        """How far apart the two may be."""
        return tolerance(self.name, self.committed or 0.0)

    @property
    def beyond(self) -> bool:
        """Is this more than rounding explains?"""
        return self.committed is None or self.now is None or abs(self.now - self.committed) > self.allowed


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
    if yaml_reader.read("params.yaml")["kernels"] == "native":
        print("kernels: native: the bits are those of this kind of processor; portable gives the same everywhere")


def figures(headline: Headline, metrics: dict) -> tuple[str, str]:
    """The result and its baselines, as text with four digits; what the metrics lack is left out."""
    found = {name: look_up(metrics, key) for name, key in headline.baselines.items()}
    told = ", ".join(f"{name} {value:.4g}" for name, value in found.items() if value is not None)
    return f"{look_up(metrics, headline.key):.4g}", told


def look_up(content: dict, key: str) -> Any:
    """What stands under a dotted key, or None."""
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


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
    order = yaml_reader.read("dvc.yaml")["stages"]
    others = {stage for stage, path in old.keys() | new.keys() if old.get((stage, path)) != new.get((stage, path))}
    first = next((stage for stage in order if stage in others), "none, only files that DVC does not hash")
    found = [
        difference
        for path in sorted(Path("metrics").glob("*.json"))
        for difference in differences(json.loads(git("show", f"HEAD:./{path}")), artifacts.read_json(path), path.stem)
    ]
    off = [difference.name for difference in found if difference.beyond]
    told = f"metrics that differ: {len(found)}, all within their tolerance"
    if off:
        told = f"metrics off by more than rounding explains: {len(off)}, {off[0]} first"
    return (
        f"results differ from the committed ones, though params and code do not; {where}\n"
        f"the first stage to differ: {first}; {told} (see make verify)"
    )


def git(*arguments: str, folder: str | Path = ".") -> str:
    """What a git command prints; git's own message, as one line, where it fails."""
    command = ["git", "-C", folder, *arguments]
    try:
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    except FileNotFoundError as error:
        raise StageError("git is not installed") from error
    except subprocess.CalledProcessError as error:
        raise StageError(f"git says: {' '.join(error.stderr.split()) or 'nothing is committed'}") from error


def changed(*paths: str, folder: str | Path = ".") -> list[str]:
    """Files under `paths` that are not as the last commit of the checkout in `folder` has them."""
    told = git("status", "--porcelain", "-z", "--untracked-files=all", "--", *paths, folder=folder)
    return [entry[3:] for entry in told.split("\0") if entry]


def hashes(lock: str) -> dict[tuple[str, str], str]:
    """MD5 of every output in the text of a dvc.lock, by stage and path."""
    stages = yaml_reader.parse(lock.encode(), "dvc.lock")["stages"]
    return {(name, out["path"]): out["md5"] for name, stage in stages.items() for out in stage.get("outs", [])}


def differences(committed: dict, now: dict, task: str) -> Iterator[Difference]:
    """The metrics of a task that differ, by their dotted keys."""
    old, new = dict(numbers(committed)), dict(numbers(now))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Difference(f"{task}.{key}", old.get(key), new.get(key))


def numbers(content: dict | list, prefix: str = "") -> list[tuple[str, float]]:
    """Every number under its dotted key; the ends of an interval are `.0` and `.1`. Words are left out."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    found: list[tuple[str, float]] = []
    for key, value in items:
        if isinstance(value, dict | list):
            found += numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found.append((f"{prefix}{key}", value))
    return found


def tolerance(name: str, committed: float) -> float:
    """How far metric `name` may be from its committed value."""
    absolute, relative = next(rest for pattern, *rest in TOLERANCES if fnmatch(name, pattern))
    return max(absolute, relative * abs(committed))


if __name__ == "__main__":
    run(main)
