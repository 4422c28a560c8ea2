"""A sweep on a Ray cluster: each experiment is a task on a node; Git and DVC remotes transfer code and results."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stages.core.errors import StageError
from stages.params import load as load_params
from sweeps import dvc, git, worker
from sweeps.declaration import Experiment, experiment_refs
from sweeps.progress import Progress

PROBE = "refs/sweeps/probe"
RETRIES = 5  # of an experiment whose node was lost


def checked_remotes(git_remote: str, dvc_remote: str | None) -> dict[str, str]:
    """Both remotes, after a test: a reference is written to one, a file to the other, and both are removed.

    Returns:
        Their settings for a worker; see `worker.run`.

    Raises:
        StageError: one cannot be read or written, or the Git remote does not have the commit.
    """
    remotes = {"author": git("config", "user.name").strip(), "email": git("config", "user.email").strip()}
    remotes["git"] = url = git("remote", "get-url", git_remote).strip()
    if Path(url).exists():
        remotes["git"] = str(Path(url).resolve())
    git("fetch", "--quiet", git_remote)
    head = git("rev-parse", "HEAD").strip()
    if not git("for-each-ref", "--contains", head, f"refs/remotes/{git_remote}/").strip():
        raise StageError(f"the Git remote {git_remote} does not have commit {head[:7]}: git push {git_remote} HEAD")
    git("push", "--quiet", "--force", git_remote, f"{head}:{PROBE}")
    git("push", "--quiet", git_remote, f":{PROBE}")
    return remotes | _checked_dvc_remote(dvc_remote)


def _checked_dvc_remote(name: str | None) -> dict[str, str]:
    from dvc.config_schema import RelPath
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    with Repo() as repo:
        name = name or repo.config["core"].get("remote")
        if not name:
            raise StageError(
                "DVC has no default remote: dvc remote add --default shared <folder, ssh://... or s3://...>"
            )
        url = repo.config["remote"].get(name, {}).get("url", "")
        if isinstance(url, RelPath):  # elsewhere on every node, and `dvc exp pull` looks for it in a wrong place
            raise StageError(f"the DVC remote {name} has a relative path: dvc remote modify {name} url {url}")
        try:
            odb = repo.cloud.get_remote_odb(name, "push")
            probe = odb.fs.join(odb.path, f"probe-{os.getpid()}")
            odb.fs.makedirs(odb.path, exist_ok=True)
            odb.fs.pipe_file(probe, b"")
            odb.fs.rm_file(probe)
        except (DvcException, OSError, ImportError) as error:
            reason = " ".join(str(error).split())
            raise StageError(f"the DVC remote {name} cannot be written: {reason}") from error
        return {"dvc": name, "url": url}


def pushed(remotes: dict[str, str]) -> dict[str, str]:
    """Every experiment that the Git remote has: its name → its commit."""
    return experiment_refs(git("ls-remote", remotes["git"], "refs/exps/*"))


def run(experiments: Sequence[Experiment], remotes: dict[str, str], address: str) -> dict[str, str]:
    """Run experiments as tasks of the cluster at `address`, as many at a time as it has processors for.

    Returns:
        The failed ones: name → log.

    Raises:
        StageError: Ray is not installed, or there is no cluster at the address.
    """
    with _connected(address) as ray:
        pending = _submit(ray, experiments, remotes)
        try:
            return _follow(ray, pending)
        finally:
            for reference in pending:
                ray.cancel(reference, force=False)  # an exception in the task, which ends what it has started
            if pending:
                ray.wait(list(pending), num_returns=len(pending), timeout=20)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to a Ray cluster; gives the module `ray`.

    Raises:
        StageError: Ray is not installed, or there is no cluster at the address.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        install = "python -m pip install --require-hashes -r requirements.txt -r requirements-ray.txt"
        raise StageError(f"Ray is not installed; on every node: {install}") from error
    try:
        if address != "auto":  # Ray itself tries for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StageError(f"no Ray cluster at {address}: {reason}; `ray start --head` starts one") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _submit(ray: Any, experiments: Sequence[Experiment], remotes: dict[str, str]) -> dict[Any, str]:
    """Hand every experiment to Ray; returns the reference to each one's result → its name."""
    ray.cloudpickle.register_pickle_by_value(worker)
    commit = git("rev-parse", "HEAD").strip()
    task = ray.remote(worker.run)
    pending = {}
    for experiment in experiments:
        threads = int(experiment.params.get("threads", load_params().threads))
        options = {"num_cpus": threads, "max_retries": RETRIES, "name": experiment.name}
        arguments = (commit, experiment.name, experiment.arguments, list(experiment.targets), remotes)
        pending[task.options(**options).remote(*arguments)] = experiment.name
    return pending


def _follow(ray: Any, pending: dict[Any, str]) -> dict[str, str]:
    """Report progress until all tasks have ended; removes the ended ones from `pending`."""
    progress, failed = Progress(len(pending)), {}
    while pending:
        ended = progress.total - len(pending)
        progress.show(_running(ray, len(pending)), ended - len(failed), len(failed))
        for reference in ray.wait(list(pending), timeout=1)[0]:
            name = pending.pop(reference)
            try:
                succeeded, log = ray.get(reference)
            except ray.exceptions.RayError as error:
                succeeded, log = False, str(error)
            if not succeeded:
                failed[name] = log
                progress.note(f"failed: {name}")
    progress.show(0, progress.total - len(failed), len(failed))
    return failed


def _running(ray: Any, pending: int) -> int:
    """Number of running tasks: those that hold processors, on a cluster without other tasks."""
    threads = load_params().threads
    taken = ray.cluster_resources().get("CPU", 0) - ray.available_resources().get("CPU", 0)
    return min(pending, round(taken / threads))


def fetch(remotes: dict[str, str], names: Sequence[str]) -> None:
    """Bring the experiments that the Git remote has, and their outputs, to this repository."""
    there = pushed(remotes)
    if wanted := [name for name in names if name in there]:
        dvc("exp", "pull", "--remote", remotes["dvc"], remotes["git"], *wanted)
