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
ENDING = 20.0  # seconds that workers and what they run may take to end by themselves
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
    _stop(queue, names)
    _forget(queue, names)
    ended = False
    try:
        yield
        ended = True
    finally:
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # ignore a second Ctrl-C during the cleanup
        try:
            _stop(queue, set() if ended else names)
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
        nowhere = names - queued - running - done - failed.keys()
        told = {result.entry.name for result in queue.iter_failed()} if nowhere else set()
        for name in sorted(nowhere):
            if name in told or now - seen[name] >= LOST:
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


def _has_process(queue: Any, entry: Any) -> bool:
    process = queue.proc.get(entry.stash_rev)
    return process is not None and process.returncode is None


def _kill(queue: Any, entry: Any) -> None:
    """End an experiment as Ctrl-C would; one that has lost its process is only noted as failed."""
    with contextlib.suppress(DvcException):  # it has just ended
        queue.kill([entry.name])


def _stop(queue: Any, names: set[str]) -> None:
    """End what runs, as Ctrl-C would, and the workers; what does not end by that is killed.

    Args:
        queue: DVC's.
        names: experiments to take out of the queue before a worker that ends one takes another.
    """
    until = time.monotonic() + ENDING
    told: set[Any] = set()
    while (workers := _workers(queue)) and time.monotonic() < until:
        with contextlib.suppress(DvcException, ValueError):  # one has just been taken
            _forget(queue, names)
        for worker in set(workers) - told:  # it still ends its experiment
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.terminate()  # not by a message of the queue, which a worker that is starting does not get
        told |= set(workers)
        # Each once, as soon as it has a process: at a second Ctrl-C its worker would drop it.
        for entry in {entry for entry in queue.iter_active() if _has_process(queue, entry)} - told:
            _kill(queue, entry)
            told.add(entry)
        psutil.wait_procs(workers, timeout=0.5)
    for worker in workers:
        _end(worker)
    for entry in list(queue.iter_active()):  # of a worker that was killed
        if _has_process(queue, entry):
            with contextlib.suppress(psutil.NoSuchProcess):
                _end(psutil.Process(queue.proc.get(entry.stash_rev).pid))
        _kill(queue, entry)  # only the queue's records are left


def _end(process: psutil.Process) -> None:
    """Kill a process with all that it has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        processes = [*process.children(recursive=True), process]
        for one in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(processes, timeout=ENDING)


def _workers(queue: Any) -> list[psutil.Process]:
    """The queue's workers."""
    found: list[psutil.Process] = []
    for path in Path(queue.wdir).glob("dvc-exp-worker-*.pid"):
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            process = psutil.Process(int(path.read_text(encoding="utf-8")))
            if "queue-worker" in process.cmdline():  # not another one that has got its number since
                found.append(process)
    return found


def _forget(queue: Any, names: set[str]) -> None:
    """Take experiments of these names out of the queue, waiting or failed; what succeeded is an experiment by now."""
    entries = [*queue.iter_queued(), *(result.entry for result in queue.iter_failed())]
    if found := {entry.name for entry in entries} & names:
        queue.remove(sorted(found))
