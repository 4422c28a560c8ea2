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
from collections.abc import Callable
from pathlib import Path

from reprise import notice
from stages.core import environment
from stages.core.errors import StageError

MODELS = ("autoencoder", "denoiser-conv", "denoiser-dense", "sentiment", "textgen")
TASKS = ("autoencoder", "denoiser", "textgen", "sentiment")


def main() -> None:
    """Read the command line, then load what the command needs."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` has read enough: end as other commands do
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # no traceback, also while libraries are imported
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    options = parser().parse_args()  # before TensorFlow is imported, which takes seconds
    try:
        import_keras()
        run(options)
        sys.stdout.flush()
    except StageError as error:
        sys.exit(f"reprise {options.command}: {error}")


def run(options: argparse.Namespace) -> None:
    """Call the function of the command."""
    module, function = options.function.split(".")
    getattr(importlib.import_module(f"reprise.{module}"), function)(options)


def import_keras() -> None:
    """Import Keras, and with it TensorFlow, without what TensorFlow writes about itself."""
    notice("loading TensorFlow ...")
    environment.begin_imports()
    import keras  # noqa: F401

    environment.finish_imports()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def parser() -> argparse.ArgumentParser:
    """The whole command line; needs no numpy, so that `--help` and a mistake are answered at once."""
    top = argparse.ArgumentParser(prog="reprise", description="Use the trained models.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, function: str, summary: str, more: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {more}")
        added.set_defaults(function=function)
        return added

    file, count = {"metavar": "FILE", "type": Path}, between(int, 1, 10**9)
    more = "Several texts appear one after the other."
    option = command("generate", "text.main", "write text, character by character", more).add_argument
    option("--model", **file, help="a text model, a .keras file (default: the pipeline's)")
    option("--prompt", default="", help="the beginning of the text")
    temperature = {"type": between(float, 0.01, 100), "nargs": "+", "default": [0.8]}
    option("--temperature", "-t", **temperature, help="low: safe and repetitive, high: wild (default: 0.8)")
    option("--length", type=between(int, 1, 10**6), default=500, help="characters (default: 500)")
    option("--seed", type=between(int, 0, 2**63), help="same seed, same text (default: that of the training)")
    option("--samples", type=between(int, 1, 256), default=1, help="texts at each temperature (default: 1)")

    more = "One line per review, separated by tabs: label, probability of a positive review, threshold."
    sentiment = command("sentiment", "reviews.main", "classify film reviews as positive or negative", more)
    option = sentiment.add_argument
    option("--model", **file, help="a classifier, a .keras file (default: the pipeline's)")
    either = sentiment.add_mutually_exclusive_group().add_argument
    either("review", nargs="*", default=[], help="a review; without any: one review per line of standard input")
    either("--csv", **file, help="read the reviews from a table")
    option("--column", default="text", help="its column (default: text)")
    either = sentiment.add_mutually_exclusive_group().add_argument
    told = "probability from which a review counts as positive (default: the most accurate on validation reviews)"
    either("--threshold", type=between(float, 0, 1), help=told)
    told = "the lowest threshold with this precision on validation reviews"
    either("--min-precision", type=between(float, 0, 1), metavar="P", help=told)
    told = (
        "also the five words, or sentences of a longer review, that matter most: good +1.20 means that without it the "
        "log odds of a positive review would be 1.20 lower (takes some 50 times as long)"
    )
    option("--explain", action="store_true", help=told)
    option("--json", action="store_true", help="one JSON object per line")

    more = (
        "The network was trained on digits of 28 × 28 pixels, white on black, with strong noise. Larger pictures are "
        "cut into overlapping tiles of that size and blended. Pictures unlike digits are not restored well."
    )
    option = command("denoise", "digits.denoise", "remove noise from a picture", more).add_argument
    option("input", help="a picture, PNG, JPEG or BMP")
    option("output", help="a picture, its format by its suffix")
    option("--model", **file, help="a denoiser, a .keras file (default: the pipeline's conv network)")
    option("--invert", action="store_true", help="the picture is dark on light")
    option("--clean", metavar="FILE", help="the picture without noise: print the PSNR before and after")
    noise = {"type": between(float, 0, 10), "metavar": "STD"}
    option("--noise", **noise, help="the picture is clean: first add noise, as in training")

    more = (
        "A picture that is not 28 × 28 is prepared as MNIST was: cropped to its ink, scaled to 20 pixels, and centred "
        "by its centre of mass."
    )
    summary = "encode a digit with the autoencoder and decode it again"
    reconstruct = command("reconstruct", "digits.reconstruct", summary, more)
    either = reconstruct.add_mutually_exclusive_group(required=True).add_argument
    either("input", nargs="?", help="a picture of a digit, light on dark")
    either("--test", metavar="N", type=between(int, 0, 10**9), help="test digit N instead of a picture")
    reconstruct.add_argument("output", help="a picture with the digit and its copies")
    either = reconstruct.add_mutually_exclusive_group().add_argument
    either("--latent", type=latents, help="code sizes, such as 16,32,64 (default: that of params.yaml)")
    either("--model", **file, help="an autoencoder, a .keras file")
    reconstruct.add_argument("--invert", action="store_true", help="the picture is dark on light")

    more = (
        "JSON to standard output; no file is written. The source's own test part is used where it has one, otherwise "
        "all rows."
    )
    option = command("evaluate", "evaluate.main", "measure a trained model on other data", more).add_argument
    option("task", choices=TASKS, metavar="TASK", help=", ".join(TASKS))
    told = "whatever data.digits, data.text or data.reviews in params.yaml may be"
    option("--data", metavar="PATH", required=True, help=told)
    option("--model", **file, help="a trained model, a .keras file (default: the pipeline's)")
    option("--limit", metavar="N", type=count, help="only N rows, evenly spread, or the first N characters")
    noise = {"type": between(float, 0.001, 10), "metavar": "STD"}
    option("--noise-std", **noise, help="standard deviation of the denoiser's noise (default: that of the training)")

    more = "Needs gradio: `make demo` installs it and starts the page."
    option = command("demo", "demo.main", "serve a page with all models, on this machine only", more).add_argument
    option("--port", type=between(int, 1024, 65535), default=7860, help="(default: 7860)")

    more = (
        "The folder works without this repository: the network, the vocabulary and what else it needs, its card, and "
        "an example.py. The exported network is loaded again and must give the model's results on test data, to "
        "0.0001."
    )
    option = command("export", "export.main", "write a model as ONNX, which other programs run", more).add_argument
    option("model", choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    folder = {"metavar": "FOLDER", "type": Path, "required": True}
    option("--onnx", **folder, help="a new folder; needs requirements-export.txt")

    more = (
        "Each picture is cropped to its ink, scaled to 20 pixels and centred in 28 × 28, as MNIST was made. The result "
        "is a folder of IDX files for data.digits."
    )
    summary = "bring pictures of digits to MNIST's form"
    option = command("prepare-digits", "digits.prepare_digits", summary, more).add_argument
    told = "a folder of PNG, JPEG or BMP pictures, CLASS/* or {train,test}/CLASS/*"
    option("source", type=Path, help=told)
    option("target", type=Path, help="a new folder")
    option("--invert", action="store_true", help="the pictures are dark on light")
    return top


def between(kind: type, least: float, most: float) -> Callable[[str], float]:
    """The type of an option: a number of a kind within bounds."""

    def number(text: str) -> float:
        if not least <= kind(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return kind(text)

    return number


def latents(text: str) -> list[int]:
    """The type of an option: whole numbers with commas between them."""
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
