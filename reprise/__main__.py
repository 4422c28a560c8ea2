"""The command line: `python -m reprise COMMAND`, or `reprise COMMAND` in the environment that `make setup` made.

Results go to standard output, everything else to standard error. Exit status: 0 all well, 1 something is wrong with the
input or a file, 2 the command line is wrong, 130 Ctrl-C.
"""

import argparse
import importlib
import logging
import os
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from reprise import REPOSITORY, notice
from stages.core import imports
from stages.core.errors import StageError

MODELS = ("autoencoder", "denoiser-conv", "denoiser-dense", "sentiment", "textgen")
DATA = {"autoencoder": "data.digits", "denoiser": "data.digits", "textgen": "data.text", "sentiment": "data.reviews"}


class Parser(argparse.ArgumentParser):
    """Writes control characters of a wrong argument as escapes, as other messages do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message; status 2."""
        super().error(str(StageError(message)))


def parser() -> argparse.ArgumentParser:
    """The whole command line; needs no numpy, so that `--help` and a mistake are answered at once."""
    top = Parser(prog="reprise", description="Use the trained models.")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    top.add_argument("--version", action="version", version=f"reprise {project['version']}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name, (_, _, summary, details, add_options) in COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}. {details}"
        add_options(commands.add_parser(name, help=summary, description=description))
    return top


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
    if options.command == "evaluate" and options.noise_std is not None and options.task != "denoiser":
        top.error("evaluate: --noise-std is for the denoiser")
    return options


def main() -> None:
    """Read the command line, then load what the command needs."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: end as other commands do
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # no traceback, also while libraries are imported
    _replace_closed_streams()
    options = checked()  # before TensorFlow is imported, which takes seconds
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    module, function, *_ = COMMANDS[options.command]
    try:
        _import_keras()
        getattr(importlib.import_module(module), function)(options)
        sys.stdout.flush()
    except StageError as error:
        sys.exit(f"reprise {options.command}: {error}")
    except OSError as error:
        if error.filename is not None:  # of a file: standard output has no name
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in its buffer must not be tried again at exit
        sys.exit(f"reprise: cannot write standard output: {error.strerror}")


def _import_keras() -> None:
    """Import Keras, and with it TensorFlow, without what TensorFlow writes about itself."""
    notice("loading TensorFlow ...")
    imports.begin()
    import keras  # noqa: F401

    imports.finish()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _replace_closed_streams() -> None:
    """Put the null device where a standard stream is closed: no file that is opened later may take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.exit("reprise: standard output is closed")


# ---- the options of each command


def _model(command: Any, trained: str) -> None:
    command.add_argument(
        "--model", metavar="FILE", type=Path, help=f"{trained}, a .keras file (default: the pipeline's)"
    )


def _generate(command: argparse.ArgumentParser) -> None:
    _model(command, "a text model")
    command.add_argument("--prompt", default="", help="the beginning of the text; - reads it from standard input")
    command.add_argument(
        *("--temperature", "-t"),
        type=_number(0.01, 100),
        nargs="+",
        default=[0.8],
        help="low: safe and repetitive, high: wild (default: 0.8)",
    )
    command.add_argument("--length", type=_whole(1, 1_000_000), default=500, help="characters (default: 500)")
    command.add_argument("--seed", type=_whole(0, 2**63), help="same seed, same text (default: that of the training)")
    command.add_argument("--samples", type=_whole(1, 256), default=1, help="texts at each temperature (default: 1)")


def _sentiment(command: argparse.ArgumentParser) -> None:
    _model(command, "a classifier")
    command.add_argument("review", nargs="*", help="a review; without any: one review per line of standard input")
    command.add_argument("--csv", metavar="FILE", help="read the reviews from a table; - is standard input")
    command.add_argument("--column", default="text", help="its column (default: text)")
    limit = command.add_mutually_exclusive_group()
    limit.add_argument(
        "--threshold",
        type=_number(0, 1),
        help="probability from which a review counts as positive (default: the most accurate on validation reviews)",
    )
    limit.add_argument(
        "--min-precision",
        type=_number(0, 1),
        metavar="P",
        help="the lowest threshold with this precision on validation reviews",
    )
    command.add_argument(
        "--explain",
        action="store_true",
        help="also the five words, or sentences of a longer review, that matter most: good +1.20 means that without "
        "it the log odds of a positive review would be 1.20 lower (takes some 50 times as long)",
    )
    command.add_argument("--json", action="store_true", help="one JSON object per line")


def _denoise(command: argparse.ArgumentParser) -> None:
    command.add_argument("input", help="a picture; - is standard input")
    command.add_argument("output", help="a picture, its format by its suffix; - is standard output, as PNG")
    network = command.add_mutually_exclusive_group()
    network.add_argument("--network", choices=("conv", "dense"), help="which of the pipeline's (default: conv)")
    _model(network, "a denoiser")
    command.add_argument("--invert", action="store_true", help="the picture is dark on light")
    command.add_argument("--clean", metavar="FILE", help="the picture without noise: print the PSNR before and after")
    command.add_argument(
        "--noise", metavar="STD", type=_number(0, 10), help="the picture is clean: first add noise, as in training"
    )
    command.add_argument("--seed", type=_whole(0, 2**63), help="of that noise (default: that of the training)")


def _reconstruct(command: argparse.ArgumentParser) -> None:
    command.add_argument("input", nargs="?", help="a picture of a digit, light on dark; - is standard input")
    command.add_argument("output", help="a PNG with the digit and its copies; - is standard output")
    command.add_argument("--test", metavar="N", type=_whole(0, 10**9), help="test digit N instead of a picture")
    network = command.add_mutually_exclusive_group()
    network.add_argument("--latent", type=_latents, help="code sizes, such as 16,32,64 (default: that of params.yaml)")
    _model(network, "an autoencoder")
    command.add_argument("--invert", action="store_true", help="the picture is dark on light")


def _evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("task", choices=DATA, metavar="TASK", help=", ".join(DATA))
    command.add_argument(
        "--data",
        metavar="PATH",
        required=True,
        help="whatever data.digits, data.text or data.reviews in params.yaml may be",
    )
    _model(command, "a trained model")
    command.add_argument(
        "--limit", metavar="N", type=_whole(1, 10**9), help="only N rows, evenly spread, or the first N characters"
    )
    command.add_argument(
        "--noise-std",
        metavar="STD",
        type=_number(0.001, 10),
        help="standard deviation of the denoiser's noise (default: that of the training)",
    )


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=_whole(1024, 65535), default=7860, help="(default: 7860)")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    command.add_argument("--onnx", metavar="FOLDER", required=True, help="a new folder; needs requirements-export.txt")


def _prepare_digits(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", help="a folder of PNG, JPEG or BMP pictures, CLASS/* or {train,test}/CLASS/*")
    command.add_argument("target", help="a new folder")
    command.add_argument("--invert", action="store_true", help="the pictures are dark on light")


def _number(least: float, most: float):
    def number(text: str) -> float:
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return float(text)

    return number


def _whole(least: int, most: int):
    def whole_number(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return int(text)

    return whole_number


def _latents(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 16,32,64") from None


# Name → module, function, what it does in a few words, more about it, its options.
COMMANDS = {
    "generate": (
        *("reprise.text", "main", "write text, character by character"),
        "Several texts appear next to each other on a terminal, one after the other elsewhere.",
        _generate,
    ),
    "sentiment": (
        *("reprise.reviews", "main", "classify film reviews as positive or negative"),
        "One line per review, separated by tabs: label, probability of a positive review, threshold.",
        _sentiment,
    ),
    "denoise": (
        *("reprise.digits", "denoise", "remove noise from a picture"),
        "The network was trained on digits of 28 × 28 pixels, white on black, with strong noise. Larger pictures "
        "are cut into overlapping tiles of that size and blended. Pictures unlike digits are not restored well.",
        _denoise,
    ),
    "reconstruct": (
        *("reprise.digits", "reconstruct", "encode a digit with the autoencoder and decode it again"),
        "A picture that is not 28 × 28 is prepared as MNIST was: cropped to its ink, scaled to 20 pixels, and "
        "centred by its centre of mass.",
        _reconstruct,
    ),
    "evaluate": (
        *("reprise.evaluate", "main", "measure a trained model on other data"),
        "JSON to standard output; no file is written. The source's own test half is used where it has one, otherwise "
        "all rows.",
        _evaluate,
    ),
    "demo": (
        *("reprise.demo", "main", "serve a page with all models, on this machine only"),
        "Needs gradio: `make demo` installs it and starts the page.",
        _demo,
    ),
    "export": (
        *("reprise.export", "main", "write a model as ONNX, which other programs run"),
        "The folder works without this repository: the network, the vocabulary and what else it needs, its card, and "
        "an example.py. The exported network is loaded again and must give the model's results on test data, to "
        "0.0001.",
        _export,
    ),
    "prepare-digits": (
        *("reprise.digits", "prepare_digits", "bring pictures of digits to MNIST's form"),
        "Each picture is cropped to its ink, scaled to 20 pixels and centred in 28 × 28, as MNIST was made. The "
        "result is a folder of IDX files for data.digits.",
        _prepare_digits,
    ),
}

if __name__ == "__main__":
    main()
