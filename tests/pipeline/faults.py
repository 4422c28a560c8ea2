"""Strike the pipeline down again and again, then let it end: every byte must be that of an undisturbed run.

python -m tests.pipeline.faults --kills 60 --seed 1

Run by root on Linux, it works on a small file system of its own (tmpfs) and fills that up to the last byte, too.
"""

import argparse
import itertools
import os
import queue
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import yaml

from tests.pipeline.conftest import TINY, Clone, build, differing

# More epochs than TINY, and of some length: more moments after which a training is to be taken up.
EPOCHS = 4
LONGER = TINY | {
    "autoencoder.training": TINY["autoencoder.training"] | {"steps": 400, "epochs": EPOCHS},
    "denoiser.dense.training": {"steps": 400, "epochs": EPOCHS},
    "denoiser.conv.training": {"steps": 60, "epochs": EPOCHS},
    "textgen.training": {"steps": 200, "epochs": EPOCHS},
    "sentiment.training": {"steps": 20, "epochs": EPOCHS},
}
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
# What DVC says of its own files when they were cut while it wrote them in place.
CUT = re.compile(r"Unable to read RWLock-file|dvc\.lock' (?:is invalid|validation failed)")


class Strike(NamedTuple):
    """One planned fault: `delay` seconds after `stage` has started, or after an epoch of a network."""

    stage: str
    kind: str
    delay: float = 0
    network: str = ""
    epoch: int = 0


class Run:
    """`dvc repro`, its output as it comes, in a process group of its own."""

    def __init__(self, clone: Clone) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.process = subprocess.Popen(
            ["dvc", "repro"],
            cwd=clone.folder,
            env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A script's background ignores Ctrl-C, and so would all it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.pid = self.process.pid
        self.ballast = ballast(clone)
        self.output = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def lines(self, until: float | None = None) -> Iterator[str]:
        """Lines as they are written, to the end or to a time of `time.monotonic`."""
        while True:
            try:
                line = self._lines.get(timeout=None if until is None else max(0, until - time.monotonic()))
            except queue.Empty:
                return
            if line is None:
                self._lines.put(None)  # for whoever asks again
                return
            self.output += line
            yield line

    def wait_for(self, strike: Strike, order: list[str]) -> bool:
        """Wait for the moment to strike, or for a later stage; False if the run has ended before."""
        for line in self.lines():
            if started := re.match(r"Running stage '([^']+)'", line):
                ahead = order.index(started[1]) - order.index(strike.stage)
                if ahead > 0 or (ahead == 0 and not strike.network):
                    for _ in self.lines(until=time.monotonic() + strike.delay):
                        pass
                    return self.process.poll() is None
            told = re.match(rf"{strike.network}: epoch (\d+),", line) if strike.network else None
            if told and int(told[1]) >= strike.epoch:
                return True
        return False

    def end(self) -> int:
        """Wait for dvc, and see that nothing it started lives on."""
        code = self.process.wait(timeout=600)
        until = time.monotonic() + 15
        while living := [process for process in psutil.process_iter() if self._is_ours(process)]:
            assert time.monotonic() < until, f"still running: {living}"
            time.sleep(0.05)
        for _ in self.lines():
            pass
        self.ballast.unlink(missing_ok=True)
        return code

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False


def to_group(number: int) -> Callable[[Run], None]:
    return lambda run: os.killpg(run.pid, number)


def to_dvc(number: int) -> Callable[[Run], None]:
    return lambda run: run.process.send_signal(number)


def to_stage(number: int) -> Callable[[Run], None]:
    def strike(run: Run) -> None:
        """At once, or as soon as there is a stage again."""
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
    """No file can grow beyond `limit` bytes any more: much of what a full disk is to a program, without filling one."""

    def strike(run: Run) -> None:
        dvc = psutil.Process(run.pid)
        for process in (dvc, *dvc.children(recursive=True)):
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))

    return strike


def fill(run: Run) -> None:
    """Not a byte is free any more where the clone is, until the run has ended."""
    with suppress(OSError), open(run.ballast, "ab", buffering=0) as file:
        status = os.statvfs(run.ballast.parent)
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize * 9 // 10)  # at once, then the rest
        while True:
            file.write(bytes(2**20))


def ballast(clone: Clone) -> Path:
    return clone.folder.parent / "ballast"


@contextmanager
def small_file_system(folder: Path) -> Iterator[bool]:
    """Put `folder` on a tmpfs of 512 MiB meanwhile; gives False where this is not allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(folder)]
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
        kills: how many; every kind equally often, give or take one.
        seed: of all chance.
        epochs: of every training; after the last one there is nothing to take up.
        order: of the stages.
        kinds: keys of KINDS.
    """
    chance = random.Random(seed)
    cycle = itertools.cycle(chance.sample(kinds, len(kinds)))
    places = [(network, epoch) for network in NETWORKS for epoch in range(1, epochs)]
    chosen = sorted(chance.sample(places, min(len(places), -(-kills // 4))), key=places.index)
    strikes = [Strike(NETWORKS[network], next(cycle), network=network, epoch=epoch) for network, epoch in chosen]
    while len(strikes) < kills:
        stage = chance.choice(order)
        # TensorFlow alone takes seconds to import; the other stages are over by then.
        longest = 12 if stage.startswith(("train", "evaluate")) else 4
        strikes.append(Strike(stage, next(cycle), delay=round(chance.uniform(0, longest), 2)))
    # Within a stage the epochs first: a strike that comes later may find it done.
    return sorted(strikes, key=lambda strike: (order.index(strike.stage), not strike.network))


def strip(clone: Clone) -> None:
    """Nothing made, nothing cached, nothing locked: every stage is to run."""
    for name in ("data", "models", "metrics", "plots", "report", ".dvc/cache", ".dvc/tmp", ".checkpoints"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def compare(clone: Clone, expected: dict[str, bytes]) -> None:
    """All is as it was committed, and no checkpoint is left, and no half-made copy that tools.repair overlooks."""
    print(clone.succeed("python", "-m", "tools.repair"), end="", flush=True)
    assert differing(expected, clone.outputs()) == []
    assert clone.succeed("git", "status", "--porcelain") == ""
    assert list((clone.folder / ".checkpoints").glob("*")) == []


def torment(clone: Clone, *, kills: int, seed: int, epochs: int, kinds: list[str]) -> dict[str, Counter]:
    """Run the pipeline from nothing, struck by `kills` faults, each followed by `dvc repro`; compare what it makes.

    Args:
        clone: with one undisturbed run, committed.
        kills: number of faults.
        seed: of their kinds and moments.
        epochs: of every training.
        kinds: keys of KINDS.

    Returns:
        For each kind of fault: how many "struck", "no effect" of those that came when all was done, "in training" of
        them after an epoch, "resumed" of those, and how often DVC's own files had to be "mended" after it.

    Raises:
        AssertionError: something is not as in the undisturbed run, or lives on.
    """
    expected = clone.outputs()
    order = list(yaml.safe_load(clone.read("dvc.lock"))["stages"])
    table = {kind: Counter() for kind in kinds}
    owed: dict[str, str] = {}  # network that was struck after an epoch: kind of the fault
    strikes = plan(kills, seed, epochs, order, kinds)
    last = ""
    strip(clone)
    while True:
        run = Run(clone)
        strike = strikes[0] if strikes else None
        struck = strike is not None and run.wait_for(strike, order)
        if struck:
            KINDS[strike.kind](run)
        code = run.end()
        for network in re.findall(r"^(\S+): resumed (?:at epoch|after all)", run.output, re.MULTILINE):
            if network in owed:
                table[owed.pop(network)]["resumed"] += 1
        if CUT.search(run.output) and not struck:
            print(clone.succeed("python", "-m", "tools.repair"), end="", flush=True)
            table[last]["mended"] += 1
        elif struck:
            del strikes[0]
            last = strike.kind
            table[last]["struck"] += 1
            table[last]["no effect"] += code == 0
            stage = (re.findall(r"Running stage '([^']+)'", run.output) or ["?"])[-1]
            trained = [name for name in NETWORKS if re.search(rf"^{name}: epoch \d", run.output, re.MULTILINE)]
            if strike.network in trained:
                table[last]["in training"] += 1
                owed[strike.network] = last
            where = f"epoch {strike.epoch} of {strike.network}" if strike.network else f"{strike.delay} s into {stage}"
            print(f"{kills - len(strikes)}: {last}, {where}: dvc ended with {code}", flush=True)
        else:
            assert code == 0, run.output[-4000:]
            compare(clone, expected)
            if not strikes:
                return table
            strip(clone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reprise faults ") as name, small_file_system(Path(name)) as small:
        folder = Path(name, "clone")
        folder.mkdir()
        clone = build(folder, LONGER)
        print(f"undisturbed: {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
        kinds = [kind for kind in KINDS if small or kind != FULL]
        table = torment(clone, kills=arguments.kills, seed=arguments.seed, epochs=EPOCHS, kinds=kinds)
    columns = ("struck", "no effect", "in training", "resumed", "mended")
    print(f"\n| Fault | {' | '.join(columns)} |\n| --- |{' --- |' * len(columns)}")
    for kind, counts in table.items():
        print(f"| {kind} | {' | '.join(str(counts[column]) for column in columns)} |")
    total = sum(table.values(), Counter())
    print(f"| all | {' | '.join(str(total[column]) for column in columns)} |")
    print(f"\nevery byte as in the undisturbed run; {(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
