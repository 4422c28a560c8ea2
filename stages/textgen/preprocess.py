"""preprocess-textgen: the plays → characters as numbers, to train on, to validate on and to test on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import SEPARATOR
from stages.params import Params, Textgen
from stages.textgen.characters import decode, encode, vocabulary_of

RAW = "data/raw/text.txt"
OUTPUT = "data/textgen/characters.npz"
FEW = 10  # with fewer documents than this, none is held out whole


class Parts(NamedTuple):
    """A text in three parts: strings, or the ids of their characters, int32, shape (n,) each."""

    train: str | np.ndarray
    validation: str | np.ndarray
    test: str | np.ndarray


def main(params: Params) -> None:
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    parts = split(shortened(documents, params.data.limit), params.textgen)
    vocabulary = vocabulary_of(parts.train)
    ids = Parts(*(encode(part, vocabulary) for part in parts))
    if doubt := doubt_about(ids, vocabulary):
        print(f"warning: {doubt}")
    artifacts.write_npz(OUTPUT, vocabulary=np.array([ord(character) for character in vocabulary]), **ids._asdict())
    lengths = ", ".join(f"{len(part):,} {name}" for name, part in ids._asdict().items())
    unknown = sum(int(np.sum(part == 0)) for part in ids)
    print(f"textgen: {lengths} characters, {len(vocabulary)} different, {unknown} unknown → {OUTPUT}")


def read() -> tuple[Parts, str]:
    """The parts as ids, and the vocabulary: the character of each id."""
    data = artifacts.read_npz(OUTPUT)
    return Parts(*(data[part] for part in Parts._fields)), "".join(map(chr, data["vocabulary"]))


def shortened(documents: Sequence[str], limit: int | None) -> list[str]:
    """The beginning of each document, about `limit` characters in all; every document stays, down to a few lines."""
    total = sum(map(len, documents))
    if limit is None or limit >= total:
        return list(documents)
    return [document[: max(200, limit * len(document) // total)] for document in documents]


def split(documents: Sequence[str], settings: Textgen) -> Parts:
    """Training, validation and test text: never random lines, whose neighbours would give them away.

    Of `FEW` or more documents, each of which begins with its title in a line of its own, `settings.documents` names
    those held out. Of fewer, or where it names none of them (it was made for another text), `holdout` has the shares of
    the whole text, cut off its end: first validation, then test. The parts are strings.
    """
    titles = [document.split("\n", 1)[0] for document in documents]
    part_of = {title: part for part, chosen in settings.documents for title in chosen}
    if len(documents) >= FEW and part_of.keys() & set(titles):
        for title in part_of:
            if title not in titles:
                raise StageError(f"params.yaml: textgen.documents names {title!r}; the text has: {'; '.join(titles)}")
        chosen: dict[str, list[str]] = {part: [] for part in Parts._fields}
        for title, document in zip(titles, documents, strict=True):
            chosen[part_of.get(title, "train")].append(document)
        parts = Parts(**{part: SEPARATOR.join(some) for part, some in chosen.items()})
    else:
        if len(documents) >= FEW:
            print("textgen: none of textgen.documents is in this text; its end is held out, by textgen.holdout")
        text = SEPARATOR.join(documents)
        second = len(text) - round(len(text) * settings.holdout.test)
        first = second - round(len(text) * settings.holdout.validation)
        parts = Parts(text[:first], text[first:second], text[second:])
    for name, part in parts._asdict().items():
        if len(part) < 2:
            raise StageError(f"{RAW} is too short: nothing is left for {name}")
    return parts


def doubt_about(ids: Parts, vocabulary: str) -> str:
    """A warning, in one line, if the test part is of another kind than the training text; empty if it is not."""
    if len(vocabulary) <= 2:
        raise StageError(f"{RAW} has one character only, {vocabulary[-1]!r}, over and over")
    counts = [np.bincount(part, minlength=len(vocabulary)) for part in (ids.train, ids.test)]
    unknown = counts[1][0] / len(ids.test)
    if unknown == 1:
        raise StageError(f"{RAW}: no character of the test part occurs in the training text")
    train, test = ((n + 0.5) / (n + 0.5).sum() for n in counts)
    difference = np.sum(test * np.log(test / train))  # in nats; its noise grows with the vocabulary
    if unknown <= 0.02 and difference <= 0.05 + len(vocabulary) / len(ids.test):
        return ""
    begins = decode(ids.test, vocabulary).strip()[:40]
    return (
        f"the test part does not look like the training text: {unknown:.1%} of its characters are unknown, its "
        f"character frequencies differ by {difference:.3f} nats; it begins {begins!r}"
    )


if __name__ == "__main__":
    run(main)
