"""Sentences with a known label for training: clauses of the reviews, and their counterparts with another label.

The manner is that of counterfactually augmented data (Kaushik, Hovy & Lipton 2020, "Learning the Difference that Makes
a Difference with Counterfactually-Augmented Data", ICLR): a text and its least edited counterpart with the other label,
so that a network must read the words that turn it around. There people wrote the counterparts, here rules do.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from stages.sentiment.clauses import DEGREES, Clause, Opinions
from stages.sentiment.frames import FILLINGS, FRAMES

PLAIN = "plain"
KINDS = (PLAIN, *FRAMES)
PLACE = re.compile(r"\{([^}]+)\}")
FEWEST = 5  # adjectives of each label, subjects and objects: with fewer, there is too little to make sentences of
FILMS = ("movie", "film", "show", "flick", "one")  # behind an adjective
COMPARED_WITH = (
    "the original", "the first one", "the first part", "the remake", "its sequel", "the old version", "the series",
    "the play", "his other work", "what came before", "i had expected", "most of its kind", "the advertisement",
)  # fmt: skip
VERBLESS = ("i had expected", "what came before")  # of `COMPARED_WITH`: nothing that could be a subject
SHARE_OF_VERBS = 0.25  # of the statements that have a verb of opinion, such as "i enjoyed the story"
# What stands before and behind a statement without a change of its label.
HEADS = ("overall", "honestly", "in short", "frankly", "to me", "in my opinion", "all in all", "for once", "again")
TAILS = (
    "from beginning to end", "in every way", "this time", "as usual", "as always", "again", "for the most part",
    "throughout", "as the lead", "as her father", "in this one", "to me", "in the first hour", "once more", "indeed",
)  # fmt: skip
SHARE_OF_ADDITIONS = 0.1
HELD_OUT = 6  # of so many frames one is held out of training
TRIES = 50  # to find a new sentence, one after the other


class Material(NamedTuple):
    """What sentences are made of: parts of clauses of the training reviews, one entry for each occurrence.

    `subjects` are pairs of a subject and its copula.
    """

    opinions: Opinions
    subjects: list[tuple[str, str]]
    objects: list[str]
    degrees: list[str]


def material(found: Sequence[Clause], opinions: Opinions) -> Material | None:
    """The material in clauses; None if there is too little of it.

    Args:
        found: clauses, see `clauses.clauses`.
        opinions: of the training reviews.
    """
    decided = set(opinions.adjectives[0]) | set(opinions.adjectives[1])
    subjects = [
        (" ".join(one.subject), one.verb) for one in found if one.adjective in decided and one.subject != ("i",)
    ]
    objects = [" ".join(one.rest) for one in found if one.verb in opinions.lemmas and len(one.rest) <= 3]
    objects = [some for some in objects if some.split()[0] in ("it", "this", "the")]
    objects += [subject for subject, _ in subjects if subject.split()[0] in ("this", "the")]
    degrees = [one.degree[0] for one in found if len(one.degree) == 1 and one.degree[0] in DEGREES]
    if min(*map(len, opinions.adjectives), len(subjects), len(objects), len(degrees)) < FEWEST:
        return None
    return Material(opinions, subjects, objects, degrees)


def generate(
    source: Material, kind: str, count: int, generator: np.random.Generator, *, held_out: bool, barred: set[str]
) -> list[tuple[str, int]]:
    """Different sentences of one of `KINDS` with their labels, as many negative as positive ones.

    Args:
        source: what they are made of.
        kind: of the sentences.
        count: how many at most, an even number; fewer if there are not so many.
        generator: of random numbers.
        held_out: only with the frames that are held out of training, or only with the others.
        barred: sentences not to make.

    Returns:
        Sentences in the form of `" ".join(tokenise(text))`, and 0 or 1; negative and positive in turn.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    seen, misses = set(barred), 0
    while misses < TRIES and min(map(len, sides)) < count // 2:
        label = int(len(sides[1]) < len(sides[0]))
        text = _sentence(source, _suitable(kind, label, held_out), label, generator)
        misses = misses + 1 if text in seen else 0
        if not misses:
            seen.add(text)
            sides[label].append(text)
    return [(text, label) for pair in zip(*sides, strict=False) for label, text in enumerate(pair)]


def _sentence(source: Material, frames: Sequence[tuple[str, int]], label: int, generator: np.random.Generator) -> str:
    writer = Writer(source, generator)
    if not frames:
        return writer.statement(label)
    frame, side = frames[generator.integers(len(frames))]
    return writer.filled(frame, side)


@functools.cache
def _suitable(kind: str, label: int, held_out: bool) -> list[tuple[str, int]]:
    """The frames of a kind that give a sentence its label, each with the label that its words must have for it.

    None for plain statements.
    """
    found = []
    for number, frame in enumerate(FRAMES.get(kind, ())):
        if (number % HELD_OUT == 1) != held_out:
            continue
        sign, text = frame.split(" ", 1)
        side = label if sign[0] == "+" else 1 - label
        if sign in ("0", "1"):
            found += [(text, label)] * (int(sign) == label)
        elif sign[1:] in ("", "bg"[side]):
            found.append((text, side))
    return found


class Writer:
    """Fills in frames with material, at random."""

    def __init__(self, source: Material, generator: np.random.Generator) -> None:
        self.source, self.generator = source, generator

    def statement(self, label: int) -> str:
        """A plain statement with a label, such as `the story is very dull`, `honestly i enjoyed it`."""
        head, tail = (
            f"{self._one(some)}" if self.generator.random() < SHARE_OF_ADDITIONS else "" for some in (HEADS, TAILS)
        )
        return " ".join(part for part in (head, self._core(label), tail) if part)

    def _core(self, label: int) -> str:
        verbs = self.source.opinions.verbs[label]
        if verbs and self.generator.random() < SHARE_OF_VERBS:
            return f"i {self._word(verbs)} {self._one(self.source.objects)}"
        subject, copula = self._one(self.source.subjects)
        form = self.generator.integers(8)
        degree = f"{self._one(self.source.degrees)} " if form in (0, 1) else ""
        if form in (2, 3):
            return f"{subject} {copula} {self._with_article(self._adjective(label))} {self._one(FILMS)}"
        second = f" and {self._adjective(label)}" if form == 4 else ""
        return f"{subject} {copula} {degree}{self._adjective(label)}{second}"

    def filled(self, frame: str, side: int) -> str:
        """A frame with words of the label `side` in its places.

        {clause} is a whole statement, {other} one of the other label, {clause0} and {clause1} one with this label; {x}
        {is} a subject with its copula; {adj} and {a adj} an adjective, {adj2} and {a adj2} one of the other label;
        {noun}, {a noun} and {nouns} such as film; {verbed}, {verb} a verb of opinion, past and infinitive, {verbed2}
        one of the other label, {good} one of praise, {object} its object; {as} what films are compared with.
        """
        subject, copula = self._one(self.source.subjects)
        places: dict[str, Callable[[], str]] = {
            "clause": lambda: self.statement(side),
            "other": lambda: self.statement(1 - side),
            "clause0": lambda: self.statement(0),
            "clause1": lambda: self.statement(1),
            "x": lambda: subject,
            "is": lambda: copula,
            "isn't": lambda: f"{copula}n't",
            "adj": lambda: self._adjective(side),
            "adj2": lambda: self._adjective(1 - side),
            "a adj": lambda: self._with_article(self._adjective(side)),
            "a adj2": lambda: self._with_article(self._adjective(1 - side)),
            "noun": lambda: self._one(FILMS),
            "nouns": lambda: f"{self._one(FILMS[:-1])}s",
            "a noun": lambda: f"a {self._one(FILMS[:-1])}",
            "object": lambda: self._one(self.source.objects),
            "verbed": lambda: self._verb(side),
            "verbed2": lambda: self._verb(1 - side),
            "verb": lambda: self.source.opinions.lemmas.get(verb := self._verb(side), verb),
            "good": lambda: self.source.opinions.lemmas.get(verb := self._verb(1), verb),
            "as": lambda: self._one(COMPARED_WITH),
            "very": lambda: self._one(self.source.degrees),
        }
        places |= {name: functools.partial(self._one, words) for name, words in FILLINGS.items()}
        return PLACE.sub(lambda place: places[place[1]](), frame)

    def _adjective(self, label: int) -> str:
        return self._word(self.source.opinions.adjectives[label])

    def _verb(self, label: int) -> str:
        """A verb of opinion; where the reviews have none with this label, that of the other would be wrong."""
        return self._word(self.source.opinions.verbs[label] or {("hated", "liked")[label]: 1.0})

    def _with_article(self, word: str) -> str:
        return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"

    def _word(self, words: dict[str, float]) -> str:
        return list(words)[int(np.searchsorted(np.cumsum(list(words.values())), self.generator.random()))]

    def _one(self, some: Sequence) -> str:
        return some[self.generator.integers(len(some))]
