"""reprise demo: a page on this machine to try the models; nothing is sent anywhere."""

import argparse
import os
import tempfile

from stages.core.errors import StageError

# Read by gradio and huggingface_hub when they are imported: no statistics, no look for a newer version.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def main(options: argparse.Namespace) -> None:
    """Load the models and serve the page until Ctrl-C.

    Raises:
        StageError: gradio is not installed, or the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-demo-") as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads  # before the import: a file named gradio would stand in its way
        try:
            import gradio  # noqa: F401
        except ImportError as error:
            raise StageError(f"the page needs {error.name}: `make demo` installs it and starts the page") from error
        from reprise.demo import server

        server.serve(options.port)
