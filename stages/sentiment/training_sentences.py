"""The sentences that the classifier is trained on beside whole reviews, and those that its weights are tuned on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stages.sentiment import clauses, counterfactuals
from stages.sentiment.clauses import Tokenise

PARTS = ("train", "validation")
# Sentences as they stand in the reviews, with the label of their review; brief ones, most of which say little, apart.
NATURAL, BRIEF = "natural", "brief"
KINDS = (NATURAL, BRIEF, *counterfactuals.KINDS)
LONGEST_BRIEF = 10  # words
NATURAL_COUNT = {"train": 100_000, "validation": 200}  # of each of these two kinds, at most; three in ten mislead
# Of each other kind, at most: with the frames for training, and with those held out of it. With the latter alone, the
# branches would get weights that are right for constructions never seen, and too small for others.
MADE_COUNT = {"train": (8_000, 0), "validation": (200, 200)}


class Sentences(NamedTuple):
    """The words of n sentences, their labels and their kinds as numbers in `KINDS`, uint8, shape (n,)."""

    words: list[list[str]]
    labels: np.ndarray
    kinds: np.ndarray


def make(
    texts: Mapping[str, Sequence[str]],
    reviews: Iterable[Sequence[str]],
    labels: Mapping[str, np.ndarray],
    tokenise: Tokenise,
    *,
    seed: int,
    barred: Iterable[str],
) -> dict[str, Sentences]:
    """Sentences of `PARTS`, each from the reviews of its part alone; no sentence stands in both, none twice.

    Which words decide a clause is counted in the training reviews. Where they have too few clauses, there are only
    natural sentences.

    Args:
        texts: reviews by part.
        reviews: the words of those to train on.
        labels: of the reviews by part, 0 or 1.
        tokenise: text → words.
        seed: of all that is random.
        barred: sentences of the test set, which must not be among these, with no other ending either.

    Returns:
        Sentences by part, negative and positive in equal numbers.
    """
    bare = {" ".join(tokenise(text)).rstrip(" !?") for text in barred}
    seen = {text + end for text in bare for end in ("", " !", " ?")}
    found, opinions = {}, None
    for number, part in enumerate(PARTS):
        generator = np.random.default_rng([seed, number])
        parsed, rows = clauses.clauses(texts[part], tokenise)
        if part == "train":
            opinions = clauses.opinions(parsed, rows, reviews, labels[part])
        pairs = _natural(texts[part], labels[part], tokenise, NATURAL_COUNT[part], generator, seen)
        if source := counterfactuals.material(parsed, opinions):
            for kind in counterfactuals.KINDS:
                for held_out, count in enumerate(MADE_COUNT[part]):
                    made = counterfactuals.generate(
                        source, kind, count, generator, held_out=bool(held_out), barred=seen
                    )
                    pairs.setdefault(kind, []).extend(made)
                    seen |= {text for text, _ in made}
        if not any(pairs.values()):  # all that validation reviews say stands in training reviews too
            pairs[NATURAL] = _first(texts[part], labels[part], tokenise)
        found[part] = Sentences(
            [text.split(" ") for some in pairs.values() for text, _ in some],
            np.array([label for some in pairs.values() for _, label in some], np.uint8),
            np.array([KINDS.index(kind) for kind, some in pairs.items() for _ in some], np.uint8),
        )
    return found


def _first(texts: Sequence[str], labels: np.ndarray, tokenise: Tokenise) -> list[tuple[str, int]]:
    """The beginning of the first review of each label."""
    rows = [int(np.flatnonzero(labels == label)[0]) for label in (0, 1)]
    return [(" ".join(tokenise(texts[row])[: clauses.LONGEST]), label) for label, row in enumerate(rows)]


def _natural(
    texts: Sequence[str],
    labels: np.ndarray,
    tokenise: Tokenise,
    count: int,
    generator: np.random.Generator,
    seen: set[str],
) -> dict[str, list[tuple[str, int]]]:
    """Sentences of reviews by kind, at most `count` of each, negative and positive in turn.

    What is in `seen` is left out, and what is found is added to it.
    """
    sentences, rows = clauses.sentences(texts, tokenise)
    sides: dict[str, tuple[list[str], list[str]]] = {kind: ([], []) for kind in (NATURAL, BRIEF)}
    for at in generator.permutation(len(sentences)):
        kind = BRIEF if len(sentences[at]) <= LONGEST_BRIEF else NATURAL
        side = sides[kind][int(labels[rows[at]])]
        if len(side) < count // 2 and (text := " ".join(sentences[at])) not in seen:
            seen.add(text)
            side.append(text)
    return {
        kind: [(text, label) for pair in zip(*both, strict=False) for label, text in enumerate(pair)]
        for kind, both in sides.items()
    }
