"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import os
import signal
import sys

from reprise.demo import ports, scratch
from stages.core.errors import StageError

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
    ports.check(options.port)
    with scratch.folder() as uploads:
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # before the import: gradio makes its folder then
        try:
            import gradio  # noqa: F401
        except ImportError as error:
            raise StageError(f"the page needs {error.name}: `make demo` installs it and starts the page") from error
        from reprise.demo import server

        server.serve(options.port)
