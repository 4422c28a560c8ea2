"""Short sentences and clauses of the training reviews, from which the classifier learns to read sentences."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

Tokenise = Callable[[str], list[str]]

SENTENCE = re.compile(r"(?<=[.!?;])\s+|<br\s*/?>|\n|\.{2,}|\s-{1,2}\s|:\s", re.IGNORECASE)  # between two sentences
CLAUSE = re.compile(r"[.,;:()\"\n]|[!?]+|<br\s*/?>|\s-{1,2}\s|\b(?:and|but)\b", re.IGNORECASE)  # between two clauses
LONGEST = 32  # words of a sentence; the rest of a longer one is left out
SHORTEST_CLAUSE, LONGEST_CLAUSE = 3, 9  # words
NEGATIONS = frozenset(("no", "not", "never", "nothing", "nobody", "none", "neither", "nor", "without", "cannot"))
COPULAS = frozenset((
    "is", "was", "are", "were",
))  # fmt: skip
# Words between a copula and its adjective.
DEGREES = frozenset((
    "very", "really", "so", "quite", "pretty", "truly", "extremely", "absolutely", "just", "rather", "totally",
    "completely",
))  # fmt: skip
BEFORE_ADJECTIVES = DEGREES | {"so", "too", "more", "most"}
BEFORE_INFINITIVES = frozenset(("to", "not", "didn't"))
ARTICLES = frozenset(("a", "an"))
# Of subjects: what a clause about the film or a part of it begins with.
OPENINGS = frozenset((
    "the", "this", "that", "it", "its", "these", "those", "his", "her", "their", "my", "i", "he", "she", "they",
    "everything", "all", "both",
))  # fmt: skip
# What a simple clause begins with: to pass over most others before they are cut into words.
OPENING = re.compile(rf"[\W_]*(?:{'|'.join(sorted(OPENINGS))})(?![^\W_])", re.IGNORECASE)
# Words that make a clause depend on another one, or turn it around.
DEPENDENT = frozenset((
    "if", "when", "while", "who", "which", "what", "whose", "where", "because", "as", "than", "though",
    "although", "unless", "until", "since", "whether", "how", "why", "why's", "except", "only", "or", "that's",
    "would", "could", "should", "might", "may", "must", "did", "do", "does",
))  # fmt: skip
# What a verb of opinion has as its object: it distinguishes "I liked it" from "I decided to".
OBJECTS = frozenset((
    "it", "this", "that", "the", "these", "every", "all", "his", "her",
))  # fmt: skip
# Before a verb of opinion.
EMPHASIS = frozenset((
    "really", "absolutely", "thoroughly", "truly", "particularly", "especially", "personally", "totally", "completely",
    "strongly", "greatly", "immensely", "intensely", "generally", "utterly", "genuinely",
))  # fmt: skip
LEAST_EVIDENCE = 2.3  # standard deviations between a word's clauses of the two labels: chance gives them 1 time in 50
LEAST_RATIO = 0.4  # absolute log ratio of these clauses
LEAST_CLAUSES = 2  # of a word that the reviews that have it decide
LEAST_DEGREES = 3  # how often an adjective follows one of `DEGREES`
MOST_TO = 0.3  # of all that a verb of opinion precedes, the share of `to`: "I wanted to" is none
EMPHASIS_SHARE = 0.01  # of all that a verb follows one of `EMPHASIS`: it distinguishes "loved" from "rented"
DEGREES_SHARE = 0.01  # of all that an adjective follows: it distinguishes adjectives from other words


class Clause(NamedTuple):
    """A clause in its parts, in this order; each is a tuple of words.

    Of a copula: subject, copula, degrees and article, adjective, rest. Of a verb: `i`, verb, nothing, nothing, object.
    """

    subject: tuple[str, ...]
    verb: str
    degree: tuple[str, ...]
    adjective: str
    rest: tuple[str, ...]


class Opinions(NamedTuple):
    """Words that decide a clause. Of each label, 0 and 1: its words and the share of the clauses that each decides.

    `lemmas` has the infinitive of each verb.
    """

    adjectives: tuple[dict[str, float], dict[str, float]]
    verbs: tuple[dict[str, float], dict[str, float]]
    lemmas: dict[str, str]


def sentences(texts: Iterable[str], tokenise: Tokenise) -> tuple[list[list[str]], np.ndarray]:
    """The sentences of reviews, cut to `LONGEST` words.

    Returns:
        The words of each, and the row of the review that it stands in, shape (n,).
    """
    found, rows = [], []
    for row, text in enumerate(texts):
        for piece in SENTENCE.split(text):
            if words := tokenise(piece)[:LONGEST]:
                found.append(words)
                rows.append(row)
    return found, np.array(rows, np.int64)


def clauses(texts: Iterable[str], tokenise: Tokenise) -> tuple[list[Clause], np.ndarray]:
    """The simple clauses of reviews: with a copula and one adjective, or with a past tense after `i`; none negated.

    Returns:
        The clauses, and the row of the review that each stands in, shape (n,).
    """
    found, rows = [], []
    for row, text in enumerate(texts):
        for piece in filter(OPENING.match, CLAUSE.split(text)):
            words = tokenise(piece)
            if SHORTEST_CLAUSE <= len(words) <= LONGEST_CLAUSE and (clause := parsed(words)):
                found.append(clause)
                rows.append(row)
    return found, np.array(rows, np.int64)


def parsed(words: Sequence[str]) -> Clause | None:
    """The parts of a clause; None if it is not a simple one."""
    if words[0] not in OPENINGS or any(negates(word) or word in DEPENDENT for word in words):
        return None
    place = next((at for at, word in enumerate(words) if word in COPULAS), None)
    if place is None:
        if words[0] == "i" and words[1].endswith("ed"):
            return Clause(("i",), words[1], (), "", tuple(words[2:]))
        return None
    at = place + 1
    while at < len(words) and (words[at] in DEGREES or words[at] in ARTICLES):
        at += 1
    degree, rest = tuple(words[place + 1 : at]), tuple(words[at + 1 :])
    # Behind an article the adjective is not the last word; without one it is.
    if place == 0 or at >= len(words) or bool(rest) != bool(ARTICLES & set(degree)) or len(rest) > 2:
        return None
    return Clause(tuple(words[:place]), words[place], degree, words[at], rest)


def negates(word: str) -> bool:
    """Is it a word such as `not`, `never` or `isn't`?"""
    return word in NEGATIONS or word.endswith("n't") or word in ("hardly", "barely")


def opinions(
    found: Sequence[Clause], rows: np.ndarray, reviews: Iterable[Sequence[str]], labels: np.ndarray
) -> Opinions:
    """The adjectives and verbs that decide a clause: those of far more clauses, or reviews, of one label.

    Args:
        found: the clauses of the training reviews.
        rows: the review that each stands in, shape (n,).
        reviews: the words of the training reviews.
        labels: of the reviews, 0 or 1.
    """
    said = list(zip(found, labels[rows].astype(int).tolist(), strict=True))
    adjectives = Counter((one.adjective, label) for one, label in said if one.adjective)
    verbs = Counter((one.verb, label) for one, label in said if not one.adjective and one.rest[0] in OBJECTS)
    pairs: Counter[tuple[str, str]] = Counter()
    in_reviews: Counter[tuple[str, int]] = Counter()
    every, degrees, infinitives, emphasis, before_to = (Counter() for _ in range(5))
    telling = BEFORE_ADJECTIVES | BEFORE_INFINITIVES | EMPHASIS
    for words, label in zip(reviews, labels.astype(int).tolist(), strict=True):
        every.update(words[1:])
        pairs.update(pair for pair in itertools.pairwise(words) if pair[0] in telling or pair[1] == "to")
        in_reviews.update((word, label) for word in set(words))
    for (first, second), times in pairs.items():
        degrees[second] += times * (first in BEFORE_ADJECTIVES)
        infinitives[second] += times * (first in BEFORE_INFINITIVES)
        emphasis[second] += times * (first in EMPHASIS)
        before_to[first] += times * (second == "to")
    lemmas = {verb: max(verb[:-1], verb[:-2], key=lambda word: infinitives[word]) for verb, _ in verbs}

    def is_adjective(word: str) -> bool:
        return degrees[word] >= max(LEAST_DEGREES, DEGREES_SHARE * every[word])

    def is_verb(word: str) -> bool:
        if before_to[word] >= MOST_TO * every[word]:
            return False
        return emphasis[word] >= max(1, EMPHASIS_SHARE * every[word]) and infinitives[lemmas[word]] > 0

    return Opinions(
        _decisive(adjectives, in_reviews, is_adjective),
        _decisive(verbs, in_reviews, is_verb),
        lemmas,
    )


def _decisive(
    counts: Counter[tuple[str, int]], in_reviews: Counter[tuple[str, int]], allowed: Callable[[str], bool]
) -> tuple[dict[str, float], dict[str, float]]:
    """The allowed words that are decisive in clauses, or in whole reviews and not the other way round in clauses."""
    chosen: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for word in filter(allowed, sorted({word for word, _ in counts})):
        side, by_review = _side(word, counts), _side(word, in_reviews)
        total, surplus = counts[word, 0] + counts[word, 1], counts[word, 1] - counts[word, 0]
        if side == 0 and total >= LEAST_CLAUSES and surplus * by_review >= 0:
            side = by_review
        if side:
            chosen[int(side > 0)][word] = total**0.5
    return tuple({word: value / sum(some.values()) for word, value in some.items()} for some in chosen)


def _side(word: str, counts: Counter[tuple[str, int]]) -> int:
    """-1 or 1 for a word that is far more often counted with label 0 or 1 than chance lets it be; else 0."""
    negative, positive = counts[word, 0], counts[word, 1]
    evidence = abs(positive - negative) / max(1, positive + negative) ** 0.5
    if evidence < LEAST_EVIDENCE or abs(np.log((positive + 1) / (negative + 1))) < LEAST_RATIO:
        return 0
    return 1 if positive > negative else -1
