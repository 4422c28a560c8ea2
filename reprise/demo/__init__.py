"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import errno
import os
import signal
import socket
import sys

from reprise.demo import scratch
from stages.core.errors import StageError

HOST = "127.0.0.1"
# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def main(options: argparse.Namespace) -> None:
    """Load the models and serve the page until Ctrl-C, SIGTERM or SIGHUP.

    Raises:
        StageError: gradio is not installed, or the port is taken.
    """
    for name in scratch.ENDINGS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, lambda which, _: sys.exit(128 + which))  # leaves the folder's `with`
    check_port(options.port)
    with scratch.folder() as uploads:
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # before the import: gradio makes its folder then
        try:
            import gradio  # noqa: F401
        except ImportError as error:
            raise StageError(f"the page needs {error.name}: `make demo` installs it and starts the page") from error
        from reprise.demo import server

        server.serve(options.port)


def check_port(port: int) -> None:
    """See that nothing listens on a port, before seconds of imports.

    Raises:
        StageError: the port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: a port just left is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise taken(port) from error
            # Whatever else is wrong with it, the server says.


def taken(port: int) -> StageError:
    """The error that names a port which is taken."""
    return StageError(f"port {port} is taken; --port names another")
