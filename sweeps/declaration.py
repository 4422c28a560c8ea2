"""The file of a sweep and its experiments."""

import copy
import difflib
import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import Params, Section, Whole, validated
from sweeps.worker import set_param
from tools.compare import flat, git, metrics


class Group(Section):
    """Experiments with the same targets: every combination of its params, each once for every seed."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    params: Annotated[dict[str, Any], Field(default_factory=dict)]
    seeds: Annotated[list[Annotated[Whole, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
    targets: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[Annotated[str, Field(pattern=r"^\w+(\.\w+)+$")]], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> "Group":
        if len(set(self.seeds)) < len(self.seeds) or "seed" in self.params:
            raise ValueError("it should have its seeds under `seeds`, none of them twice")
        return self

    def settings(self) -> Iterator[dict[str, Any]]:
        """Every combination of the params, the last one changing fastest; a list is a choice."""
        choices = [value if isinstance(value, list) else [value] for value in self.params.values()]
        for combination in itertools.product(*choices):
            yield dict(zip(self.params, combination, strict=True))


class Declaration(Section):
    """The content of a sweep's file."""

    groups: Annotated[list[Group], Field(min_length=1)]


class Experiment(NamedTuple):
    """One run of DVC: some params changed, some stages with what they need."""

    name: str
    group: str
    params: dict[str, Any]  # without the seed
    seed: int
    targets: list[str]


class Sweep(NamedTuple):
    """A sweep of the pipeline as it is committed."""

    path: Path
    groups: list[Group]
    experiments: list[Experiment]
    commit: str  # the last one that changed the pipeline


def name_of(params: dict[str, Any], seed: int, targets: list[str], pipeline: str) -> str:
    """A name that says what an experiment does, the same for the same content; `pipeline` is the hash of all code."""
    words = [*targets, *(f"{key.split('.')[-1]}-{value}" for key, value in params.items()), f"seed-{seed}"]
    readable = re.sub(r"[^\w.]+|\.\.+", "-", "-".join(words)).strip("-.")[:80]  # Git allows no `..`
    content = json.dumps([params, seed, targets, pipeline], sort_keys=True)
    return f"{readable}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def load(path: str | Path) -> Sweep:
    """Read a sweep's file and check it: keys, values of params, stages, metrics, and that Git has the code."""
    path = Path(path)
    groups = validated(Declaration, artifacts.read_yaml(path), path).groups
    files, stages = pipeline()
    for group in groups:
        check(path, group, stages)
    if changed := git("status", "--porcelain", "--untracked-files=no", "--", *files).splitlines():
        raise StageError(f"{changed[0][3:]} is not as committed; a sweep is of a commit: commit it, or git stash")
    digest = hashlib.sha256(git("ls-tree", "-r", "HEAD", "--", *files).encode()).hexdigest()
    experiments = [
        Experiment(name_of(params, seed, group.targets, digest), group.name, params, seed, group.targets)
        for group in groups
        for params in group.settings()
        for seed in group.seeds
    ]
    return Sweep(path, groups, experiments, git("log", "-1", "--format=%H", "--", *files).strip())


def pipeline() -> tuple[list[str], list[str]]:
    """What the results depend on, according to DVC: the files (and outputs) it hashes, and the names of the stages.

    Code that no stage depends on is left out on purpose: a change of the README or of this package gives no experiment
    a new name.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        stages = list(repo.index.stages)
        paths = {stage.path for stage in stages}
        paths |= {dep.fs_path for stage in stages for dep in stage.deps if dep.protocol == "local"}
        inside = [Path(path) for path in paths if Path(path).is_relative_to(repo.root_dir)]
        files = sorted(path.relative_to(repo.root_dir).as_posix() for path in inside)
        return files, [stage.addressing for stage in stages]


def existing() -> dict[str, str]:
    """Every experiment that this repository has: its name → its commit."""
    listing = git("for-each-ref", "--format=%(refname:lstrip=4) %(objectname)", "refs/exps/*/*/*")
    return dict(line.split() for line in listing.splitlines())


def check(path: Path, group: Group, stages: list[str]) -> None:
    """Compare targets, params and metrics of a group with dvc.yaml, params.yaml and the committed metrics."""
    committed = artifacts.read_yaml("params.yaml")
    files = [str(file) for file in Path("metrics").glob("*.json")]
    for kind, found, known in (
        ("dvc.yaml has no stage", group.targets, stages),
        ("params.yaml has no", group.params, list(flat(committed))),
        ("metrics/ has no number", group.metrics, list(metrics(files))),
    ):
        for name in found:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise StageError(f"{path}: group {group.name}: {kind} {name}{hint}")
    for setting in group.settings():
        content = copy.deepcopy(committed)
        for key, value in setting.items():
            set_param(content, key, value)
        validated(Params, content, path)
