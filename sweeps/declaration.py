"""The file of a sweep and its experiments."""

import copy
import difflib
import hashlib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

from pydantic import Field, model_validator

from stages.core import artifacts, yaml_reader
from stages.core.errors import StageError
from stages.core.typed import validated
from stages.params import Params, Section, Whole
from sweeps import git
from tools.compare import look_up

MOST = 1_000  # experiments of a sweep; sweeps/README.md says what limits them
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Group(Section):
    """Experiments with the same targets: every combination of its params, each once for every seed."""

    name: Name
    params: Annotated[dict[str, Any], Field(default_factory=dict)]
    seeds: Annotated[list[Annotated[Whole, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
    targets: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[Annotated[str, Field(pattern=r"^\w+(\.\w+)+$")]], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> "Group":
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("it should have no seed twice")
        if "seed" in self.params:
            raise ValueError("it should have its seeds under `seeds`, not among the params")
        for key, value in self.params.items():
            if value == []:
                raise ValueError(f"it should have a value for {key}; an empty list as the value is [[]]")
            if (text := next(filter(_replaced, _texts(value)), None)) is not None:
                raise ValueError(f"it should have a value for {key} that means itself, and DVC changes {text!r}")
        return self

    @property
    def size(self) -> int:
        """Number of experiments."""
        return len(self.seeds) * math.prod(len(choices) for choices in self._choices())

    def _choices(self) -> list[list[Any]]:
        return [value if isinstance(value, list) else [value] for value in self.params.values()]

    def settings(self) -> Iterator[dict[str, Any]]:
        """Every combination of the params, the last one changing fastest; a list is a choice."""
        for combination in itertools.product(*self._choices()):
            yield dict(zip(self.params, combination, strict=True))


class Declaration(Section):
    """The content of a sweep's file."""

    groups: Annotated[list[Group], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> "Declaration":
        if len({group.name for group in self.groups}) < len(self.groups):
            raise ValueError("it should have no name of a group twice")
        if (size := sum(group.size for group in self.groups)) > MOST:
            raise ValueError(f"it should have at most {MOST:,} experiments, and has {size:,}")
        return self


@dataclass(frozen=True)
class Experiment:
    """One run of DVC: `dvc exp run --name <name> -S <param> ... <target> ...`."""

    group: str
    params: dict[str, Any]  # without the seed
    seed: int
    targets: tuple[str, ...]
    pipeline: str  # hash of code, params and stages

    @cached_property
    def name(self) -> str:
        """Readable, and the same for the same content: params, seed, targets and pipeline."""
        values = [f"{key.split('.')[-1]}-{value}" for key, value in self.params.items()]
        words = "-".join([*self.targets, *values, f"seed-{self.seed}"])
        readable = re.sub(r"[^\w.]+|\.\.+", "-", words).strip("-.")[:80]  # Git allows no `..`
        return f"{readable}-{self.digest}"

    @property
    def digest(self) -> str:
        """A hash of all that the result depends on."""
        content = json.dumps([self.params, self.seed, self.targets, self.pipeline], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @property
    def overrides(self) -> list[str]:
        """Every param and the seed, as `dvc exp run --set-param` takes them."""
        return [f"{key}={_hydra(value)}" for key, value in {**self.params, "seed": self.seed}.items()]

    @property
    def arguments(self) -> list[str]:
        """For `dvc exp run`."""
        return ["--name", self.name, *(part for one in self.overrides for part in ("--set-param", one)), *self.targets]


@dataclass(frozen=True)
class Sweep:
    """A sweep of the pipeline as it is committed."""

    path: Path
    groups: list[Group]
    experiments: list[Experiment]
    commit: str  # the last one that changed the pipeline

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.stem


def load(path: str | Path) -> Sweep:
    """Read a sweep's file and check all of it: keys, values of the params, stages, metrics, and that Git has the code.

    Raises:
        StageError: one line for each mistake.
    """
    path = Path(path)
    content = yaml_reader.read(path) if path.exists() else None
    if content is None:
        raise StageError(f"{path} does not exist or is empty; sweeps/README.md describes its content")
    groups = validated(Declaration, content, path).groups
    files, stages = pipeline()
    for group in groups:
        check(path, group, stages)
    if changed := git("status", "--porcelain", "--untracked-files=no", "--", *files).splitlines():
        raise StageError(f"{changed[0][3:]} is not as committed; a sweep is of a commit: commit it, or git stash")
    tree = git("ls-tree", "-r", "HEAD", "--", *files)
    digest = hashlib.sha256(tree.encode()).hexdigest()
    experiments = [
        Experiment(group.name, setting, seed, tuple(group.targets), digest)
        for group in groups
        for setting in group.settings()
        for seed in group.seeds
    ]
    times = Counter(experiment.digest for experiment in experiments)
    if twice := [experiment.name for experiment in experiments if times[experiment.digest] > 1]:
        raise StageError(f"{path}: {twice[0]} occurs twice")
    return Sweep(path, groups, experiments, git("log", "-1", "--format=%H", "--", *files).strip())


def pipeline() -> tuple[list[str], list[str]]:
    """What the results depend on, according to DVC: the files (and outputs) it hashes, and the names of the stages.

    Code that no stage depends on is left out on purpose: a change of the README or of this package gives no experiment
    a new name.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            stages = list(repo.index.stages)
            names = [stage.addressing for stage in stages]
            files = {
                dependency.fs_path for stage in stages for dependency in stage.deps if dependency.protocol == "local"
            }
            files |= {stage.path for stage in stages}
            root = Path(repo.root_dir)
    except DvcException as error:
        raise StageError(f"dvc: {error}") from error
    return sorted(Path(file).relative_to(root).as_posix() for file in files if Path(file).is_relative_to(root)), names


def existing() -> dict[str, str]:
    """Every experiment that this repository has: its name → its commit."""
    return experiment_refs(git("for-each-ref", "--format=%(objectname)\t%(refname)", "refs/exps"))


def experiment_refs(listing: str) -> dict[str, str]:
    """Name → commit of the experiments among lines of a hash and a ref, as git for-each-ref and ls-remote give them."""
    pattern = r"^([0-9a-f]{40,64})\trefs/exps/[0-9a-f]{2}/[0-9a-f]{38,62}/(\S+)$"
    return {match[2]: match[1] for match in re.finditer(pattern, listing, re.MULTILINE)}


def check(path: Path, group: Group, stages: list[str]) -> None:
    """Targets, params and metrics of a group against dvc.yaml, params.yaml and the committed metrics.

    Raises:
        StageError: one is not there, or a value is out of bounds.
    """
    for target in group.targets:
        if target not in stages:
            raise StageError(f"{path}: group {group.name}: dvc.yaml has no stage {target}{_hint(target, stages)}")
    committed = yaml_reader.read("params.yaml")
    for setting in group.settings():
        content = copy.deepcopy(committed)
        for key, value in setting.items():
            *parents, last = key.split(".")
            section = content
            for parent in parents:
                section = section.get(parent) if isinstance(section, dict) else None
            if not isinstance(section, dict) or last not in section:
                raise StageError(f"{path}: group {group.name}: params.yaml has no {key}{_hint(key, _dotted(content))}")
            section[last] = value
        validated(Params, content, path)
    for metric in group.metrics:
        file, key = metric.split(".", 1)
        results = Path(f"metrics/{file}.json")
        if not results.exists():
            raise StageError(f"{path}: group {group.name}: {metric}: {results} does not exist")
        content = artifacts.read_json(results)
        try:
            value = look_up(content, key)
        except (KeyError, TypeError):
            hint = _hint(key, _dotted(content))
            raise StageError(f"{path}: group {group.name}: {results} has no {key}{hint}") from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            inside = f"; it has {', '.join(list(value)[:5])}" if isinstance(value, dict) else ""
            raise StageError(f"{path}: group {group.name}: {key} of {results} is not a number{inside}")


def _replaced(text: str) -> bool:
    """Whether DVC would write another text: it fills in `${...}`, `???` is a missing value, line ends are folded."""
    return (
        "${" in text
        or text == "???"
        or any(category(letter) in ("Cc", "Cs") for letter in text if letter not in "\n\t")
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in (*value, *value.values()):
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _dotted(content: dict, prefix: str = "") -> list[str]:
    return [
        name
        for key, value in content.items()
        for name in (f"{prefix}{key}", *(_dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else ()))
    ]


def _hint(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _hydra(value: Any) -> str:
    """A value in the grammar of `dvc exp run -S`: https://hydra.cc/docs/advanced/override_grammar/basic/"""
    if isinstance(value, list):
        return f"[{','.join(map(_hydra, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_hydra(item)}' for key, item in value.items())}}}"
    if isinstance(value, str):
        escaped = re.sub(r"(\\*)('|\Z)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
        return f"'{escaped}'"
    return json.dumps(value)
