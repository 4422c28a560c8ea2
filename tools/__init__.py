"""Commands about the project; `make` runs them: python -m tools.<name>

repair: DVC's files after a kill. compare: the last lines of `make repro`. verify: the last commit once more, from
nothing. tables: what is generated in README.md and docs/, and the table of experiments.
"""

import signal
import sys
from collections.abc import Callable

from stages.core.errors import StageError


def run(main: Callable[..., int | None]) -> None:
    """Call a command with the words behind its name, and exit; what goes wrong is told without a traceback."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: end as other commands do
    try:
        sys.exit(main(*sys.argv[1:]))
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
