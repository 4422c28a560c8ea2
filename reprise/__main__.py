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

    model = {"metavar": "FILE", "type": Path}
    seed = between(int, 0, 2**63)
    generate = command(
        *("generate", "text.main", "write text, character by character"),
        "Several texts appear one after the other.",
    )
    generate.add_argument("--model", **model, help="a text model, a .keras file (default: the pipeline's)")
    generate.add_argument("--prompt", default="", help="the beginning of the text")
    temperature = "low: safe and repetitive, high: wild (default: 0.8)"
    generate.add_argument(
        "--temperature", "-t", type=between(float, 0.01, 100), nargs="+", default=[0.8], help=temperature
    )
    generate.add_argument("--length", type=between(int, 1, 10**6), default=500, help="characters (default: 500)")
    generate.add_argument("--seed", type=seed, help="same seed, same text (default: that of the training)")
    generate.add_argument(
        "--samples", type=between(int, 1, 256), default=1, help="texts at each temperature (default: 1)"
    )

    sentiment = command(
        *("sentiment", "reviews.main", "classify film reviews as positive or negative"),
        "One line per review, separated by tabs: label, probability of a positive review, threshold.",
    )
    sentiment.add_argument("--model", **model, help="a classifier, a .keras file (default: the pipeline's)")
    given = sentiment.add_mutually_exclusive_group()
    given.add_argument(
        "review", nargs="*", default=[], help="a review; without any: one review per line of standard input"
    )
    given.add_argument("--csv", metavar="FILE", type=Path, help="read the reviews from a table")
    sentiment.add_argument("--column", default="text", help="its column (default: text)")
    limit = sentiment.add_mutually_exclusive_group()
    limit.add_argument(
        "--threshold",
        type=between(float, 0, 1),
        help="probability from which a review counts as positive (default: the most accurate on validation reviews)",
    )
    limit.add_argument(
        "--min-precision",
        type=between(float, 0, 1),
        metavar="P",
        help="the lowest threshold with this precision on validation reviews",
    )
    sentiment.add_argument(
        "--explain",
        action="store_true",
        help="also the five words, or sentences of a longer review, that matter most: good +1.20 means that without "
        "it the log odds of a positive review would be 1.20 lower (takes some 50 times as long)",
    )
    sentiment.add_argument("--json", action="store_true", help="one JSON object per line")

    denoise = command(
        *("denoise", "digits.denoise", "remove noise from a picture"),
        "The network was trained on digits of 28 × 28 pixels, white on black, with strong noise. Larger pictures are "
        "cut into overlapping tiles of that size and blended. Pictures unlike digits are not restored well.",
    )
    denoise.add_argument("input", help="a picture, PNG, JPEG or BMP")
    denoise.add_argument("output", help="a picture, its format by its suffix")
    denoise.add_argument("--model", **model, help="a denoiser, a .keras file (default: the pipeline's conv network)")
    denoise.add_argument("--invert", action="store_true", help="the picture is dark on light")
    denoise.add_argument("--clean", metavar="FILE", help="the picture without noise: print the PSNR before and after")
    denoise.add_argument(
        "--noise",
        metavar="STD",
        type=between(float, 0, 10),
        help="the picture is clean: first add noise, as in training",
    )

    reconstruct = command(
        *("reconstruct", "digits.reconstruct", "encode a digit with the autoencoder and decode it again"),
        "A picture that is not 28 × 28 is prepared as MNIST was: cropped to its ink, scaled to 20 pixels, and centred "
        "by its centre of mass.",
    )
    source = reconstruct.add_mutually_exclusive_group(required=True)
    source.add_argument("input", nargs="?", help="a picture of a digit, light on dark")
    source.add_argument("--test", metavar="N", type=between(int, 0, 10**9), help="test digit N instead of a picture")
    reconstruct.add_argument("output", help="a picture with the digit and its copies")
    network = reconstruct.add_mutually_exclusive_group()
    network.add_argument("--latent", type=latents, help="code sizes, such as 16,32,64 (default: that of params.yaml)")
    network.add_argument("--model", **model, help="an autoencoder, a .keras file")
    reconstruct.add_argument("--invert", action="store_true", help="the picture is dark on light")

    evaluate = command(
        *("evaluate", "evaluate.main", "measure a trained model on other data"),
        "JSON to standard output; no file is written. The source's own test half is used where it has one, otherwise "
        "all rows.",
    )
    evaluate.add_argument("task", choices=TASKS, metavar="TASK", help=", ".join(TASKS))
    evaluate.add_argument(
        "--data",
        metavar="PATH",
        required=True,
        help="whatever data.digits, data.text or data.reviews in params.yaml may be",
    )
    evaluate.add_argument("--model", **model, help="a trained model, a .keras file (default: the pipeline's)")
    evaluate.add_argument(
        "--limit",
        metavar="N",
        type=between(int, 1, 10**9),
        help="only N rows, evenly spread, or the first N characters",
    )
    evaluate.add_argument(
        "--noise-std",
        metavar="STD",
        type=between(float, 0.001, 10),
        help="standard deviation of the denoiser's noise (default: that of the training)",
    )

    demo = command(
        *("demo", "demo.main", "serve a page with all models, on this machine only"),
        "Needs gradio: `make demo` installs it and starts the page.",
    )
    demo.add_argument("--port", type=between(int, 1024, 65535), default=7860, help="(default: 7860)")

    export = command(
        *("export", "export.main", "write a model as ONNX, which other programs run"),
        "The folder works without this repository: the network, the vocabulary and what else it needs, its card, and "
        "an example.py. The exported network is loaded again and must give the model's results on test data, to "
        "0.0001.",
    )
    export.add_argument("model", choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    export.add_argument(
        "--onnx", metavar="FOLDER", type=Path, required=True, help="a new folder; needs requirements-export.txt"
    )

    prepare = command(
        *("prepare-digits", "digits.prepare_digits", "bring pictures of digits to MNIST's form"),
        "Each picture is cropped to its ink, scaled to 20 pixels and centred in 28 × 28, as MNIST was made. The result "
        "is a folder of IDX files for data.digits.",
    )
    prepare.add_argument(
        "source", type=Path, help="a folder of PNG, JPEG or BMP pictures, CLASS/* or {train,test}/CLASS/*"
    )
    prepare.add_argument("target", type=Path, help="a new folder")
    prepare.add_argument("--invert", action="store_true", help="the pictures are dark on light")
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
