"""The command line: `python -m reprise COMMAND`, or `reprise COMMAND` in the environment that `make setup` made.

Results go to standard output, everything else to standard error. Exit status: 0 all well, 1 something is wrong with the
input or a file, 2 the command line is wrong, 130 Ctrl-C.
"""

import argparse
import importlib
import os
import signal
import sys
from types import FrameType

from reprise import notice
from reprise.options import parser
from stages.core import imports
from stages.core.errors import StageError


def main() -> None:
    """Read the command line, then load what the command needs."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: end as other commands do
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    _open_streams()
    options = checked()  # before TensorFlow is imported, which takes seconds
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        if options.command != "completion":
            _import_tensorflow()
        importlib.import_module(f"reprise.{options.command.replace('-', '_')}").main(options)
        sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # of a file: standard output has no name
            raise
        _end_without_output(error)
    except StageError as error:
        sys.exit(f"reprise {options.command}: {error}")


def checked() -> argparse.Namespace:
    """The command line; ends with a usage error where options do not go together."""
    top = parser()
    options = top.parse_args()
    if options.command is None:
        top.print_help()
        sys.exit(0)
    if options.command == "reconstruct" and (options.input is None) == (options.test is None):
        top.error("reconstruct: give either a picture or --test N, and where the result goes")
    if options.command == "sentiment" and options.review and options.csv is not None:
        top.error("sentiment: give either reviews or --csv")
    return options


def _import_tensorflow() -> None:
    """Import Keras, and with it TensorFlow, without TensorFlow's Python log."""
    notice("loading TensorFlow ...")
    import logging

    imports.begin()
    import keras  # noqa: F401

    imports.finish()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _open_streams() -> None:
    """Put the null device where a standard stream is closed: no file that is opened later may take its number.

    Python's own sys.stdin or sys.stdout stays None there, so that a command that needs it says that it is closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.exit("reprise: standard output is closed")


def _end_without_output(error: OSError) -> None:
    """End where standard output takes no more; what is left in its buffer must not be tried again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(f"reprise: cannot write standard output: {error.strerror}")


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    """End at once and without a traceback, also while the libraries are being imported."""
    os._exit(130)


if __name__ == "__main__":
    main()
