"""Run the parts that have no result yet, then write the table: python -m benchmarks [--quick]."""

import subprocess
import sys

from benchmarks import ENVIRONMENT, common, table
from stages.core.errors import StageError

PARTS = ("sgemm", "digits", "textgen", "sentiment", "lstm_step", "serve", "scaling")


def main(arguments: list[str]) -> None:
    """Run each part in its own process; after an interruption, continue with the first part without a result."""
    quick = "--quick" in arguments
    for name in PARTS:
        if common.result(name, quick) is not None:
            print(f"{name}: already measured; remove {common.RESULTS} to measure it again", flush=True)
        elif subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *arguments], env=ENVIRONMENT, check=False
        ).returncode:
            sys.exit(f"benchmarks.{name} failed; earlier results are kept in {common.RESULTS}")
    table.write({name: common.result(name, quick) for name in PARTS}, quick=quick)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
