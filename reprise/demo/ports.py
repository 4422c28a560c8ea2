"""Where the page is served: an address of this machine alone."""

import errno
import socket

from stages.core.errors import StageError

HOST = "127.0.0.1"


def check(port: int) -> None:
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
