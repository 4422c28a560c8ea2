"""A sweep on Ray: each experiment is a task, on this machine or on a node of a cluster."""

import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stages.core.errors import StageError
from sweeps import worker
from sweeps.declaration import Experiment
from tools.compare import git

RETRIES = 5  # of an experiment whose worker was lost
MEMORY = 80 * 2**20  # of Ray's store of objects, in bytes; logs are all there is


def run(experiments: Sequence[Experiment], address: str | None, jobs: int, threads: int) -> dict[str, str]:
    """Run experiments; gives the failed ones' logs.

    On this machine `jobs` run at a time; on a cluster, as many as it has processors for, `threads` for each.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        cache = Path(repo.cache.legacy.path)
    who = [git("config", "--default", "sweeps", "--get", f"user.{key}").strip() for key in ("name", "email")]
    Path(".dvc/tmp").mkdir(exist_ok=True)
    folder = tempfile.TemporaryDirectory(dir=Path.cwd() / ".dvc/tmp", prefix="sweep-", ignore_cleanup_errors=True)
    with folder as scratch, _ray(address, jobs) as ray:
        repository = worker.Repository(Path.cwd(), Path(scratch), cache, git("rev-parse", "HEAD").strip(), *who)
        ray.cloudpickle.register_pickle_by_value(worker)
        task = ray.remote(worker.run).options(num_cpus=threads if address else 1, max_retries=RETRIES)
        pending = {}
        for experiment in experiments:
            params = {**experiment.params, "seed": experiment.seed}
            pending[task.remote(repository, experiment.name, params, experiment.targets)] = experiment.name
        try:
            return _follow(ray, pending)
        finally:
            for reference in pending:
                ray.cancel(reference, force=False)  # an exception in the task, which ends what it has started
            if pending:
                ray.wait(list(pending), num_returns=len(pending), timeout=20)


def _follow(ray: Any, pending: dict[Any, str]) -> dict[str, str]:
    """A line for every experiment that ends, until none is left in `pending`; gives the failed ones' logs."""
    started, total, failed = time.monotonic(), len(pending), {}
    while pending:
        (reference,), _ = ray.wait(list(pending), num_returns=1)
        try:
            succeeded, log = ray.get(reference)
        except ray.exceptions.RayError as error:
            succeeded, log = False, str(error)
        name = pending.pop(reference)
        if not succeeded:
            failed[name] = log
        ended = total - len(pending)
        minutes = (time.monotonic() - started) / ended * len(pending) / 60
        left = f", about {minutes:.0f} min left" if pending else ""
        print(f"[{ended}/{total}] {'done' if succeeded else 'failed'}: {name}{left}", file=sys.stderr, flush=True)
    return failed


@contextlib.contextmanager
def _ray(address: str | None, jobs: int) -> Iterator[Any]:
    """Start Ray on this machine, or join the cluster at an address; gives the module `ray`."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address is None:  # Ray listens on every address: let nobody else in
        os.environ.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})
    try:
        import ray
    except ImportError as error:
        install = "python -m pip install --require-hashes -r requirements.txt -r requirements-ray.txt"
        raise StageError(f"Ray is not installed: {install}, on every node") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {"num_cpus": jobs, "object_store_memory": MEMORY, "include_dashboard": False}
    try:
        if address not in (None, "auto"):  # Ray itself tries for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address or "local", **options)
    except Exception as error:  # Ray raises plain ones, too
        reason = str(error).strip().splitlines()[0]
        raise StageError(f"no Ray cluster at {address or 'this machine'}: {reason}") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does; Ray has just put its own there
    try:
        yield ray
    finally:
        ray.shutdown()
