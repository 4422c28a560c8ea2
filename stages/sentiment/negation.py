"""Short negated clauses: what a negation does to a word is rare in reviews, which hardly say "not bad" to mean good."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

COPULAS = ("is", "was", "are", "were")
# From the start of a text or a punctuation mark to the next one: up to four words, the copula, up to three.
CLAUSE = re.compile(
    rf"(?:^|(?<=[.!?;,(>] ))[a-z']+(?: [a-z']+){{0,3}} (?:{'|'.join(COPULAS)})(?: [a-z]+){{1,3}}(?= ?[.!?;,)])"
)
NEGATION = re.compile(r"\b(?:not|no|never|nothing|nobody|none|nor|neither|without|hardly|if|than|as)\b|n't")
DECISIVE = 1.0  # least size of the log ratio of a word that decides


def pairs(texts: Iterable[str], ratios: Mapping[str, float], seen: set[str]) -> tuple[list[list[str]], np.ndarray]:
    """Short clauses of the texts with a copula and a last word that decides, as they stand and negated.

    A clause has the sign of its last word's log ratio in `ratios`, its negation the other one. Both labels and both
    kinds of words are equally frequent, so neither the word nor the negation by itself says anything. Clauses in `seen`
    are left out; those found are added. Gives the words and the label of a clause, of its negation, and so on.
    """
    found: tuple[list[list[str]], list[list[str]]] = ([], [])
    for clause in dict.fromkeys(clause for text in texts for clause in CLAUSE.findall(text.lower())):
        *others, last = (ratios.get(word, 0.0) for word in clause.split(" "))
        if clause not in seen and not NEGATION.search(clause) and abs(last) >= DECISIVE > max(map(abs, others)):
            found[last > 0].append(clause.split(" "))
            seen.add(clause)
    clauses, labels = [], []
    for number, both in enumerate(zip(*found, strict=False)):
        for label, words in enumerate(both):
            at = next(place for place, word in enumerate(words) if word in COPULAS)
            negated = [f"{words[at]}n't"] if number % 2 else [words[at], "not"]
            clauses += [words, [*words[:at], *negated, *words[at + 1 :]]]
            labels += [label, 1 - label]
    return clauses, np.array(labels, np.uint8)
