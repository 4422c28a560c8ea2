"""reprise generate: text, character by character."""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reprise import notice, repository
from stages.core.errors import StageError
from stages.datasets.tidy import unified
from stages.textgen import generate as writing
from stages.textgen import model as network
from stages.textgen.characters import decode, encode

READ = 1000  # characters of a prompt that are read: the network's memory was trained on passages of a few hundred


class Writer:
    """The trained text model, from its file, which is all that is needed."""

    def __init__(self, path: Path | None = None) -> None:
        self.model = network.load(path or repository("models/textgen.keras"))
        self.vocabulary, self.seed = self.model.vocabulary, self.model.seed

    def unknown(self, text: str) -> list[str]:
        """The characters of `text` that are not in the vocabulary, each once; the model reads them as unknown."""
        return sorted(set(text) - set(self.vocabulary[1:]))

    def stream(
        self, prompt: str, temperatures: Sequence[float], *, length: int, seed: int, samples: int = 1
    ) -> Iterator[list[str]]:
        """Write texts side by side: one character of each text at a time, `length` times.

        The order of texts is that of the temperatures, with `samples` texts at each. Of a prompt, the last `READ`
        characters are read; an empty one is read as a line feed, which is what new text follows.
        """
        ids = encode(prompt[-READ:] or "\n", self.vocabulary)
        steps = writing.stream(self.model, ids, temperatures, seed=seed, samples=samples)
        for characters, _ in itertools.islice(steps, length):
            yield list(decode(characters, self.vocabulary))

    def write(
        self, prompt: str, temperatures: Sequence[float], *, length: int, seed: int, samples: int = 1
    ) -> list[str]:
        """The whole texts that `stream` gives, without the prompt."""
        steps = self.stream(prompt, temperatures, length=length, seed=seed, samples=samples)
        return ["".join(text) for text in zip(*steps, strict=True)]


def main(options: argparse.Namespace) -> None:
    """Write to standard output what the command line asks for."""
    prompt = unified(options.prompt.removeprefix("\ufeff"))  # as a text to train on is read
    if any("\ud800" <= character <= "\udfff" for character in prompt):  # how Python has bytes that are not UTF-8
        raise StageError(f"--prompt is not UTF-8: {prompt!r}; save its file as UTF-8")
    notice("loading the text model ...")
    writer = Writer(options.model)
    if len(prompt) > READ:
        print(f"of the prompt's {len(prompt):,} characters the last {READ:,} are read", file=sys.stderr)
        prompt = prompt[-READ:]
    if unknown := writer.unknown(prompt):
        print(f"not in the vocabulary, read as unknown: {' '.join(map(repr, unknown))}", file=sys.stderr)
    seed = writer.seed if options.seed is None else options.seed
    asked = {"length": options.length, "seed": seed, "samples": options.samples}
    if len(options.temperature) == options.samples == 1:
        print(prompt, end="", flush=True)
        for (character,) in writer.stream(prompt, options.temperature, **asked):
            print(character, end="", flush=True)
        print()
        return
    notice("writing the texts ...")
    temperatures = [value for value in options.temperature for _ in range(options.samples)]
    for temperature, text in zip(temperatures, writer.write(prompt, options.temperature, **asked), strict=True):
        print(f"=== temperature {temperature:g} ===\n{prompt}{text}\n")
