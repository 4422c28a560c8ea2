"""The progress of a training, saved so that a killed run continues with the same bits."""

import hashlib
import json
import platform
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from stages.core import artifacts, command, snapshot

CHECKPOINTS = Path(".checkpoints")
PACKAGES = ("keras", "numpy", "tensorflow")


class Checkpoint:
    """The progress of one training, kept outside the pipeline's outputs, which DVC deletes before a stage starts.

    A checkpoint is taken up again only by the same training: its name holds a hash of the params, the input files, the
    stage's code (with the pins in stages/core/environment.py), the packages and the kind of machine.

    Args:
        name: of the network, for the file and the log.
        settings: everything from params.yaml that the training depends on: numbers, texts, sections.
        inputs: the files it reads.
    """

    def __init__(self, name: str, settings: dict[str, Any], inputs: Sequence[str | Path]) -> None:
        plain = json.dumps(settings, sort_keys=True, default=lambda section: section.model_dump())
        digest = hashlib.sha256(plain.encode())
        for path in [*inputs, *snapshot.imported()]:
            digest.update(hashlib.sha256(artifacts.read_bytes(path)).digest())
        environment = [platform.machine(), *platform.python_version_tuple()[:2], *map(version, PACKAGES)]
        digest.update(repr(environment).encode())
        self.name = name
        self.path = CHECKPOINTS / f"{name}-{digest.hexdigest()[:16]}.npz"

    def load(self) -> dict[str, np.ndarray] | None:
        """The state last saved, or None to start at the beginning."""
        for other in CHECKPOINTS.glob(f"{self.name}-{'?' * 16}.npz"):
            if other != self.path:
                other.unlink()  # of an older configuration: can never be taken up again
        for half in CHECKPOINTS.glob(f".{self.name}-{'?' * 16}.npz.*.tmp"):
            half.unlink(missing_ok=True)  # a kill struck while it was written
        return artifacts.read_npz(self.path) if self.path.exists() else None

    def save(self, **state: np.ndarray) -> None:
        """Replace the saved state; atomic, so a kill leaves the old one or the new one."""
        artifacts.write_npz(self.path, **state)

    def remove(self) -> None:
        """Call when all that the stage makes has been written: the next run is to train, not to take up.

        The file goes when the stage has succeeded. Where params.yaml or code changed meanwhile it stays: with the
        change taken back, the training is not repeated.
        """
        command.when_done(partial(self.path.unlink, missing_ok=True))
