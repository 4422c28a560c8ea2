"""reprise generate: text, character by character."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reprise import REPOSITORY, files, notice
from stages.core import model_files
from stages.core.errors import StageError
from stages.textgen import generate as writing
from stages.textgen import model as network
from stages.textgen.characters import UNKNOWN, decode, encode
from stages.textgen.train import MODEL

READ = 1000  # characters of a prompt that are read: the network's memory was trained on passages of a few hundred
GAP = " │ "
NARROW = 20  # a column below this is no use


class Writer:
    """The trained text model.

    Args:
        path: of its file, which is all that is needed; that of the repository comes from `dvc repro` or `dvc pull`.

    Raises:
        StageError: the file is missing or broken, or is of another model.
    """

    def __init__(self, path: Path = REPOSITORY / MODEL) -> None:
        model = model_files.read(path)
        if model.name != "textgen":
            raise StageError(f"{path} is not a text model: its name is {model.name!r}")
        self.model = network.attached(path, model)
        self.vocabulary, self.seed = self.model.vocabulary, self.model.seed

    def unknown(self, text: str) -> list[str]:
        """The characters of `text` that are not in the vocabulary, each once; the model reads them as unknown."""
        return sorted(set(text) - set(self.vocabulary[1:]))

    def stream(
        self, prompt: str, temperatures: Sequence[float], *, length: int, seed: int, samples: int = 1
    ) -> Iterator[list[str]]:
        """Write texts side by side: one character of each text at a time, `length` times.

        They equal those of `stages.textgen.generate.generate`. The order of texts is that of the temperatures, with
        `samples` texts at each. Of a prompt, the last `READ` characters are read; an empty one is read as a line feed,
        which is what new text follows.
        """
        ids = encode(prompt[-READ:] or "\n", self.vocabulary)
        steps = writing.stream(self.model, ids, temperatures, seed=seed, samples=samples)
        for _, (characters, _) in zip(range(length), steps, strict=False):
            yield list(decode(characters, self.vocabulary))

    def write(
        self, prompt: str, temperatures: Sequence[float], *, length: int, seed: int, samples: int = 1
    ) -> list[str]:
        """The whole texts that `stream` gives, without the prompt."""
        steps = self.stream(prompt, temperatures, length=length, seed=seed, samples=samples)
        return ["".join(text) for text in zip(*steps, strict=True)]


def main(options: argparse.Namespace) -> None:
    """Write to standard output what the command line asks for."""
    prompt = files.read_bytes("-") if options.prompt == "-" else options.prompt.encode(errors="surrogateescape")
    prompt = prompt.decode("utf-8", "replace")
    notice("loading the text model ...")
    writer = Writer(options.model or REPOSITORY / MODEL)
    if len(prompt) > READ:
        print(f"of the prompt's {len(prompt):,} characters the last {READ:,} are read", file=sys.stderr)
        prompt = prompt[-READ:]
    if unknown := writer.unknown(prompt):
        some = " ".join("invalid UTF-8" if character == UNKNOWN else repr(character) for character in unknown[:20])
        more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        print(f"not in the vocabulary, read as unknown: {some}{more}", file=sys.stderr)
    seed = writer.seed if options.seed is None else options.seed
    headings = [f"temperature {value:g}" for value in options.temperature for _ in range(options.samples)]
    steps = writer.stream(prompt, options.temperature, length=options.length, seed=seed, samples=options.samples)
    width = (shutil.get_terminal_size().columns + len(GAP)) // len(headings) - len(GAP)
    if len(headings) == 1:
        print(prompt, end="", flush=True)
        for (character,) in steps:
            print(character, end="", flush=True)
        print()
    elif sys.stdout.isatty() and width >= NARROW:
        for row in side_by_side([f"{heading}\n\n{prompt}" for heading in headings], steps, width):
            print(row, flush=True)
    else:
        for heading, text in zip(headings, zip(*steps, strict=True), strict=True):
            print(f"=== {heading} ===\n{prompt}{''.join(text)}\n")


def side_by_side(beginnings: Sequence[str], steps: Iterator[Sequence[str]], width: int) -> Iterator[str]:
    """Texts that grow, as rows of columns; each row as soon as every column has it.

    Args:
        beginnings: of each column.
        steps: the next character of each column.
        width: of a column, in characters; longer lines are wrapped, at spaces where there are any.
    """
    columns = [_wrapped("", beginning, width) for beginning in beginnings]
    for step in steps:
        columns = [
            [*done, *_wrapped(last, character, width)] for (*done, last), character in zip(columns, step, strict=True)
        ]
        while all(len(lines) > 1 for lines in columns):
            yield _row([lines.pop(0) for lines in columns], width)
    for number in range(max(len(lines) for lines in columns)):
        yield _row([lines[number] if number < len(lines) else "" for lines in columns], width)


def _wrapped(line: str, text: str, width: int) -> list[str]:
    """`line` with `text` behind it, as lines; all but the last are full."""
    lines = [line]
    for character in text:
        if character == "\n":
            lines.append("")
        elif len(lines[-1]) < width:
            lines[-1] += character
        else:
            before, space, word = lines[-1].rpartition(" ")
            lines[-1:] = [before, word + character] if space and character != " " else [lines[-1], character.strip()]
    return lines


def _row(cells: Sequence[str], width: int) -> str:
    return GAP.join(cell.ljust(width) for cell in cells).rstrip()
