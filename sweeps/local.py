"""A sweep on this machine, through DVC's own queue."""

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from dvc.exceptions import DvcException
from dvc.repo import Repo
from scmrepo.exceptions import SCMError

from stages.core.errors import StageError
from sweeps import dvc, git
from sweeps.declaration import Experiment, existing
from sweeps.progress import Progress

POLL = 0.2, 2.0  # seconds between two looks at the queue: at least, at most
SHARE = 0.1  # of the time to spend looking, at most: DVC keeps a file for every experiment
STARTING = 10.0  # seconds that workers may take to appear before they are started again
LOST = 5.0  # seconds until an experiment that is nowhere has failed; one on its way from state to state is seen again


def run(experiments: Sequence[Experiment], jobs: int) -> dict[str, str]:
    """Run experiments through DVC's queue, `jobs` at a time.

    Returns:
        The failed ones: name → the end of its log.

    Raises:
        StageError: Git has no user name or email, the queue holds other experiments, or DVC failed.
    """
    for key in ("user.name", "user.email"):
        try:
            git("config", key)
        except StageError as error:
            raise StageError(f"DVC's queue makes commits, and Git has no {key}: git config {key} ...") from error
    try:
        with Repo() as repo:
            return _run(repo, experiments, {experiment.name for experiment in experiments}, jobs)
    except (DvcException, SCMError) as error:
        raise StageError(f"dvc: {' '.join(str(error).split())}") from error


def _run(repo: Repo, experiments: Sequence[Experiment], names: set[str], jobs: int) -> dict[str, str]:
    queue = repo.experiments.celery_queue
    others = {str(entry.name) for entry in (*queue.iter_queued(), *queue.iter_active())} - names
    if others:
        raise StageError(
            f"DVC's queue holds {', '.join(sorted(others))}, not of this sweep: "
            "`dvc queue start` runs what it holds, `dvc queue remove --queued` removes it"
        )
    with _left_clean(queue, names):
        for experiment in experiments:  # in this process: a `dvc exp run --queue` for each takes a second more
            targets = list(experiment.targets)
            repo.experiments.run(targets=targets, params=experiment.overrides, queue=True, name=experiment.name)
        return _follow(queue, names, jobs)


@contextlib.contextmanager
def _left_clean(queue: Any, names: set[str]) -> Iterator[None]:
    """Begin and end without an experiment of these names in the queue, failed ones excepted, and without a worker."""
    _stop(queue)
    _forget(queue, names)
    ended = False
    try:
        yield
        ended = True
    finally:
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # ignore a second Ctrl-C during the cleanup
        try:
            _stop(queue)
            if not ended:
                _forget(queue, names)
        finally:
            signal.signal(signal.SIGINT, interrupt)


def _follow(queue: Any, names: set[str], jobs: int) -> dict[str, str]:
    """Start the workers and report progress until every experiment has ended."""
    progress = Progress(len(names))
    failed: dict[str, str] = {}
    seen = dict.fromkeys(names, time.monotonic())
    started, appeared = float("-inf"), False
    while True:
        now = time.monotonic()
        # In the order in which an experiment moves on, so that none is missed while it does.
        queued = {entry.name for entry in queue.iter_queued()} & names
        active = [entry for entry in queue.iter_active() if entry.name in names]
        running = {entry.name for entry in active}
        done = existing().keys() & names
        seen |= dict.fromkeys(queued | running, now)
        for name in names - done - failed.keys():
            if now - seen[name] >= LOST:
                failed[name] = _log(name)
                progress.note(f"failed: {name}")
        progress.show(len(running - done), len(done), len(failed))
        if len(done) + len(failed) == len(names):
            return failed
        workers = _workers(queue)
        spent = time.monotonic() - now
        appeared |= bool(workers)
        for entry in active:
            if _was_killed(queue, entry, workers):
                _kill(queue, entry)
        if queued and not workers and (appeared or now - started > STARTING):
            started, appeared = now, False
            dvc("queue", "start", "--jobs", str(jobs))
        time.sleep(min(max(POLL[0], spent / SHARE), POLL[1]))


def _was_killed(queue: Any, entry: Any, workers: Sequence[psutil.Process]) -> bool:
    """Whether an experiment that the queue calls active has lost its process, or its worker before it had one."""
    process = queue.proc.get(entry.stash_rev)
    if process is None:
        return not workers
    return process.returncode is None and not psutil.pid_exists(process.pid)


def _log(name: str) -> str:
    try:
        return dvc("queue", "logs", name)
    except StageError as error:
        return str(error)


def _kill(queue: Any, entry: Any) -> None:
    """End an experiment as Ctrl-C would; one that has lost its process is only noted as failed."""
    with contextlib.suppress(DvcException):  # it has just ended
        queue.kill([entry.name])


def _stop(queue: Any) -> None:
    """End what runs, as Ctrl-C would, and the workers; what does not end by that is killed."""
    workers = _workers(queue)
    if not workers and not any(True for _ in queue.iter_active()):
        return
    queue.shutdown()  # so that no worker takes another experiment
    for entry in list(queue.iter_active()):
        _kill(queue, entry)
    _, alive = psutil.wait_procs(workers, timeout=20)
    for process in alive:
        process.kill()
    for entry in list(queue.iter_active()):  # of a worker that was killed: only the queue's records are left
        _kill(queue, entry)


def _workers(queue: Any) -> list[psutil.Process]:
    """The queue's workers, with all that they have started."""
    found: list[psutil.Process] = []
    for path in Path(queue.wdir).glob("dvc-exp-worker-*.pid"):
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            process = psutil.Process(int(path.read_text(encoding="utf-8")))
            if "queue-worker" in process.cmdline():  # not another one that has got its number since
                found += [*process.children(recursive=True), process]
    return found


def _forget(queue: Any, names: set[str]) -> None:
    """Take experiments of these names out of the queue, waiting or failed; what succeeded is an experiment by now."""
    entries = [*queue.iter_queued(), *(result.entry for result in queue.iter_failed())]
    if found := {entry.name for entry in entries} & names:
        queue.remove(sorted(found))
