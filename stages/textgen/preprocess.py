"""preprocess-textgen: the plays → characters as numbers, to train on, to validate on and to test on."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.core.documents import SEPARATOR
from stages.core.errors import StageError
from stages.core.split import PARTS
from stages.params import Params, Shares, Textgen
from stages.textgen.characters import UNKNOWN, codes_of, encode, vocabulary_of

RAW = "data/raw/text.txt"
OUTPUT = "data/textgen/characters.npz"
COMPARISON = "data/textgen/comparison.json"
FEW = 10  # with fewer documents than this, none is held out whole
LINE = 40  # characters from which a line that stands in two parts is no coincidence
PIECES = 20  # of the training text, whose differences from each other are the measure for the test part's


def main(params: Params) -> None:
    documents = artifacts.read_text(RAW).removesuffix("\n").split(SEPARATOR)
    parts = split(shortened(documents, params.data.limit), params.textgen)
    comparison = compare(parts)
    vocabulary = vocabulary_of(parts["train"])
    arrays = {part: encode(parts[part], vocabulary) for part in PARTS}
    unknown = {part: int(np.sum(arrays[part] == 0)) for part in PARTS}
    for warning in comparison["warnings"]:
        print(f"warning: {warning}")
    artifacts.write_json(COMPARISON, comparison)
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
            raise StageError(
                f"{RAW} is too short: nothing is left for {part} of its {sum(map(len, documents)):,} characters; with "
                f"textgen.holdout, {least(settings.holdout):,} are the fewest that can be split"
            )
    return parts


def least(shares: Shares) -> int:
    """The shortest text that these shares leave two characters or more of for each part."""
    return next(n for n in count(6) if min(round(n * shares.test), round(n * shares.validation)) >= 2)


def compare(parts: dict[str, str]) -> dict[str, Any]:
    """How much the parts of a text are alike: a test part of another kind, or one that is copied, measures nothing.

    Args:
        parts: text under "train", "validation" and "test", two characters or more each.

    Returns:
        Under "unknown" the share of each held-out part's characters that are not in the training text; under "nats"
        for each part the cross-entropy of its characters with the character frequencies of each part, in nats per
        character (with its own, its entropy); under "lines_in_training" the share of the lines of `LINE` characters or
        more in each held-out part that stand in the training text too; and "warnings", each one line.

    Raises:
        StageError: the text has a single character over and over, or the test part has no known one.
    """
    alphabet = np.unique(np.concatenate([codes_of(text) for text in parts.values()]))
    if len(alphabet) < 2:
        raise StageError(f"{RAW} has one character only, {chr(alphabet[0])!r}, over and over")
    ids = {part: np.searchsorted(alphabet, codes_of(text)) for part, text in parts.items()}
    counts = {part: np.bincount(ids[part], minlength=len(alphabet)) for part in PARTS}
    held_out = [part for part in PARTS if part != "train"]
    lacking = (counts["train"] == 0) | (alphabet == ord(UNKNOWN))
    unknown = {part: float(counts[part][lacking].sum() / len(ids[part])) for part in held_out}
    if unknown["test"] == 1:
        raise StageError(f"{RAW}: no character of the test part occurs in the training text")
    known_lines = set(_lines(parts["train"]))
    copied = {part: _share(line in known_lines for line in _lines(parts[part])) for part in held_out}
    difference = _difference(counts["test"], counts["train"])
    most_unknown, largest = _usual(ids["train"], len(ids["test"]))
    warnings = []
    if unknown["test"] > max(0.01, 2 * most_unknown) or difference > max(0.02, 2 * largest):
        warnings.append(
            f"the test part does not look like the training text: {unknown['test']:.1%} of its characters are unknown, "
            f"its character frequencies differ by {difference:.3f} nats (pieces of the training text: up to "
            f"{most_unknown:.1%} and {largest:.3f}); it begins {parts['test'].strip()[:40]!r}"
        )
    if copied["test"] > 0.2:
        warnings.append(
            f"{copied['test']:.0%} of the lines of {LINE} or more characters in the test part stand in the training "
            "text too, so the test measures in part what was learnt by heart"
        )
    return {
        "unknown": unknown,
        "nats": {part: {other: _cross_entropy(counts[part], counts[other]) for other in PARTS} for part in PARTS},
        "lines_in_training": copied,
        "warnings": warnings,
    }


def _lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.split("\n")) if len(line) >= LINE]


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def _cross_entropy(counts: np.ndarray, others: np.ndarray) -> float:
    """Of character counts with the frequencies of others, each of which is raised by a half, in nats."""
    costs = -np.log((others + 0.5) / (others.sum() + 0.5 * len(others)))
    return float(counts @ costs / counts.sum())


def _difference(counts: np.ndarray, others: np.ndarray) -> float:
    """What it costs to take the frequencies of others for those of the counts, in nats per character."""
    return _cross_entropy(counts, others) - _cross_entropy(counts, counts)


def _usual(ids: np.ndarray, length: int) -> tuple[float, float]:
    """How much pieces of a text, about `length` characters each, differ from its rest.

    Returns:
        The largest share of characters that the rest lacks, and the largest `_difference`.
    """
    number = int(np.clip(len(ids) // length, 4, PIECES))
    pieces = [np.bincount(piece, minlength=ids.max() + 1) for piece in np.array_split(ids, number)]
    total = np.sum(pieces, axis=0)
    unknown = max(piece[total == piece].sum() / piece.sum() for piece in pieces if piece.any())
    return float(unknown), max(_difference(piece, total - piece) for piece in pieces if piece.any())


def vocabulary_in(data: dict[str, np.ndarray]) -> str:
    """The vocabulary stored with preprocessed data, as one string: character by id."""
    return "".join(map(chr, data["vocabulary"]))


if __name__ == "__main__":
    run(main)
