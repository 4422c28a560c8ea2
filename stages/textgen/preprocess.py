"""preprocess-textgen: the plays → characters as numbers, to train on, to validate on and to test on."""

from collections.abc import Sequence

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.documents import SEPARATOR
from stages.core.errors import StageError
from stages.core.split import PARTS
from stages.params import Params, Textgen

RAW = "data/raw/text.txt"
OUTPUT = "data/textgen/characters.npz"
FEW = 10  # with fewer documents than this, none is held out whole
UNKNOWN = "\ufffd"  # what a character that training text lacks is shown as; its id is 0


def main(params: Params) -> None:
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    parts = split(shortened(documents, params.data.limit), params.textgen)
    vocabulary = vocabulary_of(parts["train"])
    arrays = {part: encode(parts[part], vocabulary) for part in PARTS}
    unknown = {part: int(np.sum(arrays[part] == 0)) for part in PARTS}
    artifacts.write_npz(OUTPUT, vocabulary=np.array([ord(character) for character in vocabulary]), **arrays)
    lengths = ", ".join(f"{len(arrays[part]):,} {part}" for part in PARTS)
    print(f"textgen: {lengths} characters, {len(vocabulary)} different, {sum(unknown.values())} unknown → {OUTPUT}")


def shortened(documents: Sequence[str], limit: int | None) -> list[str]:
    """The beginning of each document, about `limit` characters in all; every document stays, down to a few lines."""
    total = sum(map(len, documents))
    if limit is None or limit >= total:
        return list(documents)
    return [document[: max(200, limit * len(document) // total)] for document in documents]


def split(documents: Sequence[str], settings: Textgen) -> dict[str, str]:
    """Training, validation and test text: never random lines, whose neighbours would give them away.

    Args:
        documents: each begins with its title in a line of its own.
        settings: with `FEW` or more documents, `documents` names those held out. With fewer, or where it names none of
            them (it was made for another text), `holdout` has the shares of the whole text, cut off its end: first
            validation, then test.

    Returns:
        Text by part, its documents with `SEPARATOR` between them.

    Raises:
        StageError: a named document does not exist though others do, or a part is empty.
    """
    titles = [document.split("\n", 1)[0] for document in documents]
    named = {"validation": settings.documents.validation, "test": settings.documents.test}
    known = {title for chosen in named.values() for title in chosen} & set(titles)
    if len(documents) >= FEW and not known:
        print("textgen: none of textgen.documents is in this text; its end is held out, by textgen.holdout")
    if len(documents) < FEW or not known:
        text = SEPARATOR.join(documents)
        second = len(text) - round(len(text) * settings.holdout.test)
        first = second - round(len(text) * settings.holdout.validation)
        parts = {"train": text[:first], "validation": text[first:second], "test": text[second:]}
    else:
        for title in [*named["validation"], *named["test"]]:
            if title not in titles:
                raise StageError(f"params.yaml: textgen.documents names {title!r}; the text has: {'; '.join(titles)}")
        held_out = {title: part for part, chosen in named.items() for title in chosen}
        chosen_parts = [held_out.get(title, "train") for title in titles]
        parts = {
            part: SEPARATOR.join(d for d, p in zip(documents, chosen_parts, strict=True) if p == part) for part in PARTS
        }
    for part, text in parts.items():
        if len(text) < 2:
            raise StageError(f"{RAW} is too short: nothing is left for {part}")
    return parts


def vocabulary_of(text: str) -> str:
    """The characters a network knows: those of the training text, sorted, after the one that stands for all others."""
    return UNKNOWN + "".join(sorted(set(text) - {UNKNOWN}))


def encode(text: str, vocabulary: str) -> np.ndarray:
    """Text as character ids, int32, shape (n,); 0 for characters outside the vocabulary."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    known = np.array([ord(character) for character in vocabulary[1:]], np.uint32)
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[place] == codes, place + 1, 0).astype(np.int32)


def decode(ids: np.ndarray, vocabulary: str) -> str:
    """Character ids, shape (n,), as text."""
    return "".join(vocabulary[number] for number in ids)


def vocabulary_in(data: dict[str, np.ndarray]) -> str:
    """The vocabulary stored with preprocessed data, as one string: character by id."""
    return "".join(map(chr, data["vocabulary"]))


if __name__ == "__main__":
    run(main)
