"""Commands about the project; `make` runs them: python -m tools.<name>

repair: DVC's files after a kill. compare: the last lines of `make repro`. verify: the last commit once more, from
nothing. tables: what is generated in README.md and docs/, and the table of experiments.
"""

import os
import sys
from collections.abc import Callable

from stages.core.errors import StageError


def run(main: Callable[..., int | None]) -> None:
    """Call a command with the words behind its name, and exit; what goes wrong is told without a traceback."""
    try:
        status = main(*sys.argv[1:])
        sys.stdout.flush()
        sys.exit(status)
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `| head` has read enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
