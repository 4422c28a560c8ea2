"""The options of every command; needs no TensorFlow, so that `--help` and a mistake are answered at once."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

from stages.core.errors import StageError

MODELS = ("autoencoder", "denoiser-conv", "denoiser-dense", "sentiment", "textgen")


class Parser(argparse.ArgumentParser):
    """Writes control characters of a wrong argument as escapes, as other messages do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message; status 2."""
        super().error(str(StageError(message)))


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(prog="reprise", description="Use the trained models.")
    top.add_argument("--version", action="version", version=f"reprise {_version()}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name, (summary, details, add_options) in COMMANDS.items():
        description = f"{summary[0].upper()}{summary[1:]}. {details}"
        add_options(commands.add_parser(name, help=summary, description=description))
    return top


def _version() -> str:
    """The version in pyproject.toml: the repository is run in place, never installed."""
    import tomllib

    path = Path(__file__).resolve().parents[1] / "pyproject.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"]


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
    command.add_argument("--csv", metavar="FILE", help="read the reviews from a CSV file; - is standard input")
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
    command.add_argument("--words", type=_whole(0, 100), default=5, help="how many words to print (default: 5)")
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


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=_whole(1024, 65535), default=7860, help="(default: 7860)")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("--saved-model", metavar="DIR", help="a new folder, with TensorFlow's SavedModel")
    target.add_argument(
        "--onnx",
        metavar="PATH",
        help="a new folder, with ONNX; a name in .onnx, or - for standard output: the network alone, as a file; "
        "needs requirements-export.txt",
    )


def _prepare_digits(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", help="a folder of PNG, JPEG or BMP pictures, CLASS/* or {train,test}/CLASS/*")
    command.add_argument("target", help="a new folder")
    command.add_argument("--invert", action="store_true", help="the pictures are dark on light")


def _completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=("bash", "zsh", "tcsh"))


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


# Name → what it does in a few words, more about it, its options.
COMMANDS = {
    "generate": (
        "write text, character by character",
        "Several texts appear next to each other on a terminal, one after the other elsewhere.",
        _generate,
    ),
    "sentiment": (
        "classify film reviews as positive or negative",
        "One line per review, separated by tabs: label, probability of a positive review, threshold, and the words "
        "and phrases that moved the decision most, in log odds; values above 0 speak for positive.",
        _sentiment,
    ),
    "denoise": (
        "remove noise from a picture",
        "The network was trained on digits of 28 × 28 pixels, white on black, with strong noise. Larger pictures "
        "are cut into overlapping tiles of that size and blended. Pictures unlike digits are not restored well.",
        _denoise,
    ),
    "reconstruct": (
        "encode a digit with the autoencoder and decode it again",
        "A picture that is not 28 × 28 is prepared as MNIST was: cropped to its ink, scaled to 20 pixels, and "
        "centred by its centre of mass.",
        _reconstruct,
    ),
    "demo": (
        "serve a page with all models, on this machine only",
        "Needs gradio: `make demo` installs it and starts the page.",
        _demo,
    ),
    "export": (
        "write a model in a format that other programs run",
        "The folder works without this repository: the network, the vocabulary and what else it needs, its card, a "
        "README.md and an example.py. The exported network is loaded again and must give the model's results on test "
        "data, to 0.0001.",
        _export,
    ),
    "prepare-digits": (
        "bring pictures of digits to MNIST's form",
        "Each picture is cropped to its ink, scaled to 20 pixels and centred in 28 × 28, as MNIST was made. The "
        "result is a folder of IDX files for data.digits.",
        _prepare_digits,
    ),
    "completion": (
        "print a script for the completion of commands, options and files",
        "In bash: source <(reprise completion bash).",
        _completion,
    ),
}
