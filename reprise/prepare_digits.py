"""reprise prepare-digits: pictures of any size as MNIST's files, for `data.digits`."""

import argparse
from pathlib import Path

from stages.datasets.prepare import prepare


def main(options: argparse.Namespace) -> None:
    """Prepare what the command line names."""
    print(*prepare(Path(options.source), Path(options.target), invert=options.invert), sep="\n")
    print(f"to use it: data.digits={options.target}")
