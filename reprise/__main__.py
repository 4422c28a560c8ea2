"""The command line: `python -m reprise COMMAND`, or `reprise COMMAND` in the environment that `make setup` made.

Results go to standard output, everything else to standard error. Exit status: 0 all well, 1 something is wrong with the
input or a file, 2 the command line is wrong, 130 Ctrl-C.
"""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from reprise import notice
from stages.core.errors import StageError

MODELS = ("autoencoder", "denoiser-conv", "denoiser-dense", "sentiment", "textgen")


def main() -> None:
    """Read the command line, then load what the command needs."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: end as other commands do
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    options = checked()  # before TensorFlow is imported, which takes seconds
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        _import_tensorflow()
        importlib.import_module(f"reprise.{options.command.replace('-', '_')}").main(options)
        sys.stdout.flush()
    except StageError as error:
        sys.exit(f"reprise {options.command}: {error}")


def checked() -> argparse.Namespace:
    """The command line; ends with a usage error where options do not go together."""
    top = parser()
    options = top.parse_args()
    if options.command == "reconstruct" and (options.input is None) == (options.test is None):
        top.error("reconstruct: give either a picture or --test N, and where the result goes")
    if options.command == "sentiment" and options.review and options.csv is not None:
        top.error("sentiment: give either reviews or --csv")
    return options


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(prog="reprise", description="Put the trained models to use.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, told: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}. {more}")

    generate = command(
        "generate",
        "write text, character by character",
        "Several texts are shown side by side on a terminal, one after the other elsewhere.",
    )
    generate.add_argument("--prompt", default="", help="what the text goes on from; - reads it from standard input")
    generate.add_argument(
        *("--temperature", "-t"),
        type=_number(0.01, 100),
        nargs="+",
        default=[0.8],
        help="low: safe and repetitive, high: wild (default: 0.8)",
    )
    generate.add_argument("--length", type=_whole(1, 1_000_000), default=500, help="characters (default: 500)")
    generate.add_argument("--seed", type=_whole(0, 2**63), help="same seed, same text (default: that of params.yaml)")
    generate.add_argument("--samples", type=_whole(1, 256), default=1, help="texts at each temperature (default: 1)")

    sentiment = command(
        "sentiment",
        "tell whether film reviews are positive",
        "One line for each review: label, probability that it is positive, threshold, and the words and phrases that "
        "moved the decision most, in log odds: above 0 towards positive. Tabs between them.",
    )
    sentiment.add_argument("review", nargs="*", help="a review; without any: the lines of standard input, one each")
    sentiment.add_argument("--csv", metavar="FILE", help="read the reviews from a CSV file; - is standard input")
    sentiment.add_argument("--column", default="text", help="its column (default: text)")
    limit = sentiment.add_mutually_exclusive_group()
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
    sentiment.add_argument("--words", type=_whole(0, 100), default=5, help="how many words to tell (default: 5)")
    sentiment.add_argument("--json", action="store_true", help="one JSON object a line")

    denoise = command(
        "denoise",
        "take the noise out of a picture",
        "The network was trained on digits of 28 × 28 pixels, white on black, with strong noise: larger pictures are "
        "cut into tiles of that size, which overlap and are blended. What is unlike a digit is not restored well.",
    )
    denoise.add_argument("input", help="a picture; - is standard input")
    denoise.add_argument("output", help="a picture, its format by its suffix; - is standard output, as PNG")
    denoise.add_argument("--network", choices=("conv", "dense"), default="conv", help="(default: conv)")
    denoise.add_argument("--invert", action="store_true", help="the picture is dark on light")
    denoise.add_argument("--clean", metavar="FILE", help="the picture without noise: tell the PSNR before and after")
    denoise.add_argument(
        "--noise", metavar="STD", type=_number(0, 10), help="the picture is clean: first add noise, as in training"
    )
    denoise.add_argument("--seed", type=_whole(0, 2**63), help="of that noise (default: that of params.yaml)")

    reconstruct = command(
        "reconstruct",
        "bring a digit through the autoencoder's code and back",
        "A picture that is not 28 × 28 is prepared as MNIST was: cut to its ink, brought to 20 pixels, its centre of "
        "mass put in the middle.",
    )
    reconstruct.add_argument("input", nargs="?", help="a picture of a digit, light on dark; - is standard input")
    reconstruct.add_argument("output", help="a PNG: the digit beside its copies; - is standard output")
    reconstruct.add_argument("--test", metavar="N", type=_whole(0, 10**9), help="test digit N instead of a picture")
    reconstruct.add_argument(
        "--latent", type=_latents, help="sizes of the code, as in 16,32,64 (default: that of params.yaml)"
    )
    reconstruct.add_argument("--invert", action="store_true", help="the picture is dark on light")

    demo = command(
        "demo",
        "serve a page to play with the models, on this machine alone",
        "Needs gradio: `make demo` installs it and starts the page.",
    )
    demo.add_argument("--port", type=_whole(1024, 65535), default=7860, help="(default: 7860)")

    export = command(
        "export",
        "write a model in a format that other programs run",
        "What was written is loaded again and has to give the same as the model on test data, to 0.00001.",
    )
    export.add_argument("model", choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    target = export.add_mutually_exclusive_group(required=True)
    target.add_argument("--saved-model", metavar="DIR", help="TensorFlow's SavedModel, a new folder")
    target.add_argument("--onnx", metavar="FILE", help="ONNX; needs requirements-export.txt")
    _add_prepare_digits(command)
    return top


def _add_prepare_digits(command: Callable[..., argparse.ArgumentParser]) -> None:
    prepare = command(
        "prepare-digits",
        "bring pictures of digits to MNIST's form",
        "Each picture is cut to its ink, brought to 20 pixels and centred in 28 × 28, as MNIST was made. The result is "
        "a folder of IDX files, which data.digits can be.",
    )
    prepare.add_argument("source", help="a folder of PNG, JPEG or BMP pictures, CLASS/* or {train,test}/CLASS/*")
    prepare.add_argument("target", help="a new folder")
    prepare.add_argument("--invert", action="store_true", help="the pictures are dark on light")


def _import_tensorflow() -> None:
    """Import Keras without the lines that TensorFlow's C++ libraries write to standard error while they load."""
    notice("loading TensorFlow ...")
    errors = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        import logging

        import keras  # noqa: F401

        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(errors, 2)
        os.close(errors)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    """End at once and without a traceback, also while the libraries are being imported."""
    os._exit(130)


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


if __name__ == "__main__":
    main()
