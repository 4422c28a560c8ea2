"""Interrupt the pipeline again and again, then let it finish: its outputs must equal those of an undisturbed run.

python -m tests.pipeline.faults --kills 60 --seed 1

Run by root on Linux, it works on a small file system of its own (tmpfs) and also fills that up to the last byte.
"""

import argparse
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.pipeline.conftest import TINY, Clone, build, differing
from tests.pipeline.injection import FULL, KINDS, NETWORKS, plan, small_file_system
from tests.pipeline.run import Run, Strike, bytecode

# More and longer epochs than in TINY: more moments after which a training has to resume.
EPOCHS = 4
LONGER = TINY | {
    "autoencoder.training": TINY["autoencoder.training"] | {"steps": 400, "epochs": EPOCHS},
    "denoiser.dense.training": {"steps": 400, "epochs": EPOCHS},
    "denoiser.conv.training": {"steps": 60, "epochs": EPOCHS},
    "textgen.training": {"steps": 200, "epochs": EPOCHS},
    "sentiment.training": TINY["sentiment.training"] | {"epochs": EPOCHS},
}
# DVC's messages about its own files that were truncated while it wrote them in place, and Python's about bytecode.
TRUNCATED = re.compile(
    r"Unable to read RWLock-file|dvc\.lock' (?:is invalid|validation failed)|EOFError: marshal data too short"
)
COLUMNS = ("struck", "no effect", "in training", "resumed", "repaired")


def clear(clone: Clone) -> None:
    """Remove all outputs, the cache and the lock: every stage has to run."""
    for name in ("data", "models", "metrics", "plots", "report", ".dvc/cache", ".dvc/tmp", ".checkpoints"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def repair(clone: Clone) -> None:
    shutil.rmtree(bytecode(clone)["PYTHONPYCACHEPREFIX"], ignore_errors=True)  # as `make clean` does
    print(clone.succeed("python", "-m", "tools.repair", **bytecode(clone)), end="", flush=True)


def compare(clone: Clone, expected: dict[str, bytes]) -> None:
    """Assert that all outputs are the committed ones, with no checkpoint and no incomplete copy left."""
    repair(clone)
    assert differing(expected, clone.outputs()) == []
    assert clone.succeed("git", "status", "--porcelain") == ""
    assert list((clone.folder / ".checkpoints").glob("*")) == []


class Record:
    """What happened after each kind of fault: `table` counts the `COLUMNS`."""

    def __init__(self, kinds: list[str]) -> None:
        self.table = {kind: Counter() for kind in kinds}
        self.last = ""  # kind of the last fault
        self.interrupted: dict[str, str] = {}  # network interrupted after an epoch: kind of the fault

    def resumed(self, run: Run) -> None:
        """Count the interrupted trainings that this run has resumed."""
        for network in re.findall(r"^(\S+): resumed (?:at epoch|after all)", run.output, re.MULTILINE):
            if network in self.interrupted:
                self.table[self.interrupted.pop(network)]["resumed"] += 1

    def repaired(self) -> None:
        self.table[self.last]["repaired"] += 1

    def struck(self, strike: Strike, run: Run, code: int) -> str:
        """Count a fault; returns what it was, in words."""
        self.last = strike.kind
        counts = self.table[strike.kind]
        counts["struck"] += 1
        counts["no effect"] += code == 0
        stage = (re.findall(r"Running stage '([^']+)'", run.output) or ["?"])[-1]
        trained = [name for name in NETWORKS if re.search(rf"^{name}: epoch \d", run.output, re.MULTILINE)]
        if strike.network in trained:
            counts["in training"] += 1
            self.interrupted[strike.network] = strike.kind
        where = f"epoch {strike.epoch} of {strike.network}" if strike.network else f"{strike.delay} s into {stage}"
        return f"{strike.kind}, {where}: dvc ended with {code}"


def interrupt(
    clone: Clone, *, kills: int, seed: int, epochs: int, kinds: list[str], variables: Mapping[str, str] | None = None
) -> dict[str, Counter]:
    """Run the pipeline from nothing, with `kills` faults, each followed by `dvc repro`; compare the outputs.

    Args:
        clone: with one undisturbed run, committed.
        kills: number of faults.
        seed: of their kinds and moments.
        epochs: of every training.
        kinds: keys of KINDS.
        variables: of the environment, for every run.

    Returns:
        For each kind of fault the numbers of faults that "struck"; of those with "no effect", as all was done; of those
        "in training", after an epoch; of trainings "resumed" after these; and of times that files of DVC or Python
        had to be "repaired".

    Raises:
        AssertionError: an output differs from the undisturbed run, or a process is left.
    """
    expected = clone.outputs()
    order = list(yaml.safe_load(clone.read("dvc.lock"))["stages"])
    record = Record(kinds)
    strikes = plan(kills, seed, epochs, order, kinds)
    clear(clone)
    from_nothing = True
    while True:
        run = Run(clone, **variables or {})
        struck = bool(strikes) and run.wait_for(strikes[0], order)
        if struck:
            KINDS[strikes[0].kind](run)
        code = run.end()
        record.resumed(run)
        if TRUNCATED.search(run.output) and not struck:
            repair(clone)
            record.repaired()
        elif struck:
            print(f"{kills - len(strikes) + 1}: {record.struck(strikes.pop(0), run, code)}", flush=True)
        else:
            assert code == 0, run.output[-4000:]
            compare(clone, expected)
            if not strikes:
                return record.table
            if from_nothing:  # and all was done before the moment: this machine is faster than the plan
                strikes[0] = strikes[0]._replace(delay=strikes[0].delay / 2)
            clear(clone)
        from_nothing = not struck and code == 0


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
        table = interrupt(clone, kills=arguments.kills, seed=arguments.seed, epochs=EPOCHS, kinds=kinds)
    print(f"\n| Fault | {' | '.join(COLUMNS)} |\n| --- |{' --- |' * len(COLUMNS)}")
    for kind, counts in table.items():
        print(f"| {kind} | {' | '.join(str(counts[column]) for column in COLUMNS)} |")
    total = sum(table.values(), Counter())
    print(f"| all | {' | '.join(str(total[column]) for column in COLUMNS)} |")
    print(f"\nevery byte as in the undisturbed run; {(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
