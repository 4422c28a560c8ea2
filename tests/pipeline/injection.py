"""Faults for a running pipeline: signals, files that cannot grow, a full disk; and when they strike."""

import itertools
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.pipeline.run import Run, Strike

NETWORKS = {
    "autoencoder-16": "train-sizes",
    "autoencoder-32": "train-sizes",
    "autoencoder-64": "train-sizes",
    "denoiser-dense": "train-dense",
    "denoiser-conv": "train-conv",
    "textgen": "train-textgen",
    "sentiment": "train-sentiment",
}
FULL = "disk full"


def to_group(number: int) -> Callable[[Run], None]:
    return lambda run: os.killpg(run.pid, number)


def to_dvc(number: int) -> Callable[[Run], None]:
    return lambda run: run.process.send_signal(number)


def to_stage(number: int) -> Callable[[Run], None]:
    def strike(run: Run) -> None:
        """Signal the stage at once, or as soon as one runs."""
        struck = False
        while not struck and run.process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(run.pid).children(recursive=True):
                    if "stages." in " ".join(child.cmdline()) and "python" in child.name():
                        child.send_signal(number)
                        struck = True
            time.sleep(0.01)

    return strike


def limit_files(limit: int) -> Callable[[Run], None]:
    """No file can grow beyond `limit` bytes any more: to a program, much like a full disk."""

    def strike(run: Run) -> None:
        dvc = psutil.Process(run.pid)
        for process in (dvc, *dvc.children(recursive=True)):
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))

    return strike


def fill(run: Run) -> None:
    """Fill the file system of the clone to the last byte, until the run has ended."""
    with suppress(OSError), open(run.ballast, "ab", buffering=0) as file:
        status = os.statvfs(run.ballast.parent)
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize * 9 // 10)  # at once, then the rest
        while True:
            file.write(bytes(2**20))


@contextmanager
def small_file_system(folder: Path) -> Iterator[bool]:
    """Mount a tmpfs of 640 MiB on `folder`; yields False where this is not allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=640m", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


KINDS: dict[str, Callable[[Run], None]] = {
    "kill -9 to all": to_group(signal.SIGKILL),
    "SIGTERM to all": to_group(signal.SIGTERM),
    "Ctrl-C": to_group(signal.SIGINT),
    "kill -9 to dvc alone": to_dvc(signal.SIGKILL),
    "SIGTERM to dvc alone": to_dvc(signal.SIGTERM),
    "kill -9 to the stage alone": to_stage(signal.SIGKILL),
    "SIGTERM to the stage alone": to_stage(signal.SIGTERM),
    "no file can grow": limit_files(0),
    "no file beyond 64 KiB": limit_files(2**16),
    FULL: fill,
}


def plan(kills: int, seed: int, epochs: int, order: list[str], kinds: list[str]) -> list[Strike]:
    """Faults in the order of the pipeline: a quarter after an epoch of a network, the rest at random moments.

    Args:
        kills: how many; the numbers of the kinds differ by one at most.
        seed: of the random choices.
        epochs: of every training; after the last one there is nothing to resume.
        order: of the stages.
        kinds: keys of KINDS.
    """
    chance = random.Random(seed)
    cycle = itertools.cycle(chance.sample(kinds, len(kinds)))
    networks = [network for network, stage in NETWORKS.items() if stage in order]
    places = [(network, epoch) for network in networks for epoch in range(1, epochs)]
    chosen = sorted(chance.sample(places, min(len(places), -(-kills // 4))), key=places.index)
    strikes = [Strike(NETWORKS[network], next(cycle), network=network, epoch=epoch) for network, epoch in chosen]
    while len(strikes) < kills:
        stage = chance.choice(order)
        # Importing TensorFlow alone takes seconds; the other stages have ended by then. After the last one is nothing.
        longest = 12 if stage.startswith(("train", "evaluate")) and stage != order[-1] else 2
        strikes.append(Strike(stage, next(cycle), delay=round(chance.uniform(0, longest), 2)))
    # Within a stage the epochs first: after another fault the training may be done.
    return sorted(strikes, key=lambda strike: (order.index(strike.stage), not strike.network))
