"""Measure everything that is not measured yet, then write the table: python -m benchmarks [--quick]."""

import subprocess
import sys

from benchmarks import ENVIRONMENT, common, table
from stages.core.errors import StageError

PARTS = ("digits", "textgen", "sentiment", "lstm_step", "serve", "scaling")


def main(arguments: list[str]) -> None:
    """Each part in a process of its own; one that was killed goes on with the first part that has no result."""
    quick = "--quick" in arguments
    for name in PARTS:
        if common.result(name, quick) is not None:
            print(f"{name}: measured before; remove {common.RESULTS} to measure it again", flush=True)
        elif subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *arguments], env=ENVIRONMENT, check=False
        ).returncode:
            sys.exit(f"benchmarks.{name} failed; what was measured before it is kept in {common.RESULTS}")
    table.write({name: common.result(name, quick) for name in PARTS}, quick=quick)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
