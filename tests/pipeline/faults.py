"""Interrupt the pipeline again and again, then let it finish: its outputs must equal those of an undisturbed run.

python -m tests.pipeline.faults --kills 60 --seed 1
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
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import yaml

from tests.pipeline.conftest import TINY, build
from tests.project import Project, differing, wait_for

# More and longer epochs than in TINY: more moments after which a training has to resume.
EPOCHS = 4
LONGER = TINY | {
    "autoencoder.training": TINY["autoencoder.training"] | {"steps": 400, "epochs": EPOCHS},
    "denoiser.dense.training": {"steps": 400, "epochs": EPOCHS},
    "denoiser.conv.training": {"steps": 60, "epochs": EPOCHS},
    "textgen.training": {"steps": 200, "epochs": EPOCHS},
    "sentiment.training": TINY["sentiment.training"] | {"epochs": EPOCHS},
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
# DVC's messages about its own files that were truncated while it wrote them in place, and Python's about bytecode.
TRUNCATED = re.compile(
    r"Unable to read RWLock-file|dvc\.lock' (?:is invalid|validation failed)|EOFError: marshal data too short"
)


class Strike(NamedTuple):
    """One planned fault: `delay` seconds after `stage` has started, or after an epoch of a network."""

    stage: str
    kind: str
    delay: float = 0
    network: str = ""
    epoch: int = 0


class Run:
    """A running `dvc repro`, with more environment variables, and its output so far."""

    def __init__(self, clone: Project, **variables: str) -> None:
        self.process = clone.start("dvc", "repro", PYTHONUNBUFFERED="1", **{**bytecode(clone), **variables})
        self.output = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def lines(self, until: float | None = None) -> Iterator[str]:
        """Lines as they are written, to the end or to a time of `time.monotonic`."""
        with suppress(queue.Empty):
            while True:
                line = self._lines.get(timeout=None if until is None else max(0, until - time.monotonic()))
                if line is None:
                    self._lines.put(None)  # for the next call
                    return
                self.output += line
                yield line

    def wait_for(self, strike: Strike, order: list[str]) -> bool:
        """Wait for the moment of the fault; False if the run has ended before.

        Where its stage has been done, a fault strikes in the one after it, but for a fault after an epoch.
        """
        for line in self.lines():
            started = re.match(r"Running stage '([^']+)'", line)
            if started and not strike.network and order.index(started[1]) >= order.index(strike.stage):
                for _ in self.lines(until=time.monotonic() + strike.delay):
                    pass
                return self.process.poll() is None
            epoch = re.match(rf"{strike.network}: epoch (\d+),", line) if strike.network else None
            if epoch and int(epoch[1]) >= strike.epoch:
                return True
        return False

    def end(self) -> int:
        """Wait for dvc; assert that no process it started is left."""
        code = self.process.wait(timeout=600)
        assert wait_for(lambda: not any(map(self._is_ours, psutil.process_iter())), seconds=15), "still running"
        for _ in self.lines():
            pass
        return code

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False


def bytecode(clone: Project) -> dict[str, str]:
    """Where Python keeps bytecode: not with the packages, as some faults cut files that other tests import."""
    return {"PYTHONPYCACHEPREFIX": str(clone.folder.parent / "bytecode")}


def to_group(number: int) -> Callable[[Run], None]:
    return lambda run: os.killpg(run.process.pid, number)


def to_dvc(number: int) -> Callable[[Run], None]:
    return lambda run: run.process.send_signal(number)


def to_stage(number: int) -> Callable[[Run], None]:
    def strike(run: Run) -> None:
        """Signal the stage at once, or as soon as one runs."""
        struck = False
        while not struck and run.process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(run.process.pid).children(recursive=True):
                    if "stages." in " ".join(child.cmdline()) and "python" in child.name():
                        child.send_signal(number)
                        struck = True
            time.sleep(0.01)

    return strike


def let_no_file_grow(run: Run) -> None:
    """To a program, much like a full disk."""
    dvc = psutil.Process(run.process.pid)
    for process in (dvc, *dvc.children(recursive=True)):
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))


FAULTS: dict[str, Callable[[Run], None]] = {
    "kill -9 to all": to_group(signal.SIGKILL),
    "SIGTERM to all": to_group(signal.SIGTERM),
    "Ctrl-C": to_group(signal.SIGINT),
    "kill -9 to dvc alone": to_dvc(signal.SIGKILL),
    "SIGTERM to dvc alone": to_dvc(signal.SIGTERM),
    "kill -9 to the stage alone": to_stage(signal.SIGKILL),
    "SIGTERM to the stage alone": to_stage(signal.SIGTERM),
    "no file can grow": let_no_file_grow,
}


def plan(kills: int, seed: int, epochs: int, order: list[str], longest: float = 12) -> list[Strike]:
    """Faults in the order of the pipeline: a quarter after an epoch of a network, the rest at random moments.

    Args:
        kills: how many; the numbers of the kinds differ by one at most.
        seed: of the random choices.
        epochs: of every training; after the last one there is nothing to resume.
        order: of the stages.
        longest: delay of a fault in a stage that imports TensorFlow, which alone takes seconds.
    """
    rng = random.Random(seed)
    cycle = itertools.cycle(rng.sample(list(FAULTS), len(FAULTS)))
    networks = [network for network, stage in NETWORKS.items() if stage in order]
    places = [(network, epoch) for network in networks for epoch in range(1, epochs)]
    chosen = sorted(rng.sample(places, min(len(places), -(-kills // 4))), key=places.index)
    strikes = [Strike(NETWORKS[network], next(cycle), network=network, epoch=epoch) for network, epoch in chosen]
    while len(strikes) < kills:
        stage = rng.choice(order)
        # The other stages have ended sooner. After the last one is nothing.
        most = longest if stage.startswith(("train", "evaluate")) and stage != order[-1] else 2
        strikes.append(Strike(stage, next(cycle), delay=round(rng.uniform(0, most), 2)))
    # Within a stage the epochs first: after another fault the training may be done.
    return sorted(strikes, key=lambda strike: (order.index(strike.stage), not strike.network))


def clear(clone: Project) -> None:
    """Remove all outputs, the cache and the lock: every stage has to run."""
    for name in ("data", "models", "metrics", "plots", "report", ".dvc/cache", ".dvc/tmp", ".checkpoints"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def repair(clone: Project) -> None:
    shutil.rmtree(bytecode(clone)["PYTHONPYCACHEPREFIX"], ignore_errors=True)  # as `make clean` does
    print(clone.succeed("python", "-m", "tools.repair", **bytecode(clone)), end="", flush=True)


def interrupt(clone: Project, strikes: list[Strike], **variables: str) -> Counter:
    """Run the pipeline from nothing, with faults, each followed by `dvc repro`; compare the outputs of each whole run.

    Args:
        clone: with one undisturbed run, committed.
        strikes: in the order of the pipeline.
        variables: of the environment, for every run.

    Returns:
        How often each kind of fault struck, and under "resumed" how many trainings were taken up again.
    """
    expected = clone.outputs()
    order = list(yaml.safe_load(clone.read("dvc.lock"))["stages"])
    counts: Counter = Counter()
    waiting = list(strikes)
    clear(clone)
    from_nothing = True
    while True:
        run = Run(clone, **variables)
        struck = bool(waiting) and run.wait_for(waiting[0], order)
        if struck:
            FAULTS[waiting[0].kind](run)
        code = run.end()
        counts["resumed"] += len(re.findall(r"^\S+: resumed (?:at epoch|after all)", run.output, re.MULTILINE))
        if struck:
            print(f"{len(strikes) - len(waiting) + 1}: {waiting[0]}: dvc ended with {code}", flush=True)
            counts[waiting.pop(0).kind] += 1
        elif TRUNCATED.search(run.output):
            repair(clone)
        else:
            assert code == 0, run.output[-4000:]
            repair(clone)
            assert differing(expected, clone.outputs()) == []
            assert clone.succeed("git", "status", "--porcelain") == ""
            assert list((clone.folder / ".checkpoints").glob("*")) == []
            if not waiting:
                return counts
            if from_nothing:  # and all was done before the moment: this machine is faster than the plan
                waiting[0] = waiting[0]._replace(delay=waiting[0].delay / 2)
            clear(clone)
        from_nothing = not struck and code == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reprise faults ") as name:
        folder = Path(name, "clone")
        folder.mkdir()
        clone = build(folder, LONGER)
        order = list(yaml.safe_load(clone.read("dvc.lock"))["stages"])
        counts = interrupt(clone, plan(arguments.kills, arguments.seed, EPOCHS, order))
    print("".join(f"{count:4} {name}\n" for name, count in counts.items()))
    print(f"every byte as in the undisturbed run; {(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
