"""What an experiment on a node costs besides its stages, by how many the remotes have already: the tiny project's.

python -m tests.sweeps.scaling [experiments already there ...]
"""

import os
import resource
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from sweeps import cluster, declaration, git, worker
from tests.conftest import REPOSITORY
from tests.sweeps.conftest import Project, build, share

ENTRIES = 5  # stages run anew by an experiment, each an entry in the run cache; the default sweep has 3 to 5


def main(numbers: list[int]) -> None:
    """Print a row for every number of experiments that the remotes have already."""
    print(f"{'experiments':>11} {'driver, s':>10} {'node, s':>8} {'run, s':>7} {'read, kB':>9} {'written, kB':>12}")
    with tempfile.TemporaryDirectory() as folder:
        project = build(Path(folder, "project"))
        share(project)
        os.environ.update({"MARKS": str(project.marks), "PYTHONPATH": str(REPOSITORY)})
        os.chdir(project.folder)
        experiments = declaration.load("sweeps/small.yaml").experiments
        there = 0
        for number, experiment in zip(numbers, experiments, strict=False):
            fill(project, there, number)
            there = number
            print(f"{number:>11} {measure(project, experiment)}", flush=True)


def fill(project: Project, first: int, last: int) -> None:
    """Bring the remotes to `last` experiments: references to commits of their own, and entries of the run cache."""
    head, tree = git("rev-parse", "HEAD", "HEAD^{tree}").split()
    folder = project.folder.parent
    entry = next(path for path in (project.folder / ".dvc/cache/runs").glob("*/*/*"))
    references = []
    for number in range(first, last):
        commit = git("commit-tree", tree, "-p", head, "-m", str(number)).strip()
        references.append(
            f"create refs/exps/{head[:2]}/{head[2:]}/evaluate-autoencoder-latent-{number}-seed-7-0 {commit}"
        )
        for _ in range(ENTRIES):
            key, value = secrets.token_hex(32), secrets.token_hex(32)
            target = folder / "outputs" / "runs" / key[:2] / key / value
            target.parent.mkdir(parents=True)
            shutil.copyfile(entry, target)
    (folder / "references").write_text("\n".join([*references, ""]), encoding="utf-8")
    project.succeed("sh", "-c", "git update-ref --stdin < ../references")
    project.succeed("git", "push", "--quiet", "origin", "refs/exps/*:refs/exps/*")


def measure(project: Project, experiment: declaration.Experiment) -> str:
    """Processor seconds of the driver's questions, of the node's work and of its `dvc exp run`, and kB moved."""
    folder = project.folder.parent
    os.environ[worker.HOME] = str(folder / "node")  # new: nothing is cached on it
    shutil.rmtree(folder / "node", ignore_errors=True)
    start = seconds()
    remotes = cluster.checked_remotes("origin", None)
    cluster.pushed(remotes)
    driver = seconds() - start
    before = size(folder / "outputs") + size(folder / "remote.git")
    runs = size(folder / "outputs" / "runs")
    start, calls = seconds(), {}
    call = worker._call

    def timed(command: list[str], *rest: Path) -> None:
        begun = seconds()
        call(command, *rest)
        calls[" ".join(command[-4:] if command[0] == "git" else command[3:5])] = seconds() - begun

    worker._call = timed
    commit = git("rev-parse", "HEAD").strip()
    succeeded, log = worker.run(commit, experiment.name, experiment.arguments, list(experiment.targets), remotes)
    worker._call = call
    assert succeeded, log
    node = seconds() - start
    read = runs + size(folder / "remote.git" / "objects") + size(folder / "node" / "files")
    written = size(folder / "outputs") + size(folder / "remote.git") - before
    return f"{driver:>10.1f} {node:>8.1f} {calls['exp run']:>7.1f} {read / 1000:>9.0f} {written / 1000:>12.1f}"


def seconds() -> float:
    """Processor time of this process and of all that it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def size(folder: Path) -> int:
    """Bytes in a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [0, 100, 1000])
