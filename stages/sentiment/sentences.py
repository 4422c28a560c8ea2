"""Short sentences that test one capability of a classifier each, generated from the templates below.

The manner is that of Ribeiro, Wu, Guestrin & Singh 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList", ACL, pp. 4902-4912: a capability, what is expected of it, and many sentences from few templates. The words
and templates were written for this project, and no sentence made of them is trained or tuned on. But scores on them
were seen while the rules that make training sentences were widened, so they flatter the network a little.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

PER_CAPABILITY = 200  # sentences at most; of pairs, both count
GOOD = (
    "brilliant", "superb", "delightful", "charming", "gripping", "touching", "clever", "beautiful", "memorable",
    "wonderful", "excellent", "good", "great", "funny", "convincing", "enjoyable", "moving", "fresh", "exciting",
    "perfect",
)  # fmt: skip
BAD = (
    "dreadful", "awful", "boring", "tedious", "clumsy", "dull", "predictable", "ugly", "forgettable", "terrible",
    "horrible", "bad", "poor", "stupid", "unconvincing", "tiresome", "lifeless", "stale", "annoying", "pathetic",
)  # fmt: skip
PARTS = ("acting", "plot", "dialogue", "camera work", "music", "ending", "first half", "cast", "direction", "script")
FILMS = ("film", "movie", "picture", "comedy", "thriller", "drama", "western", "sequel")
LIKED = ("loved", "enjoyed", "admired", "adored", "liked")
DISLIKED = ("hated", "disliked", "detested", "regretted watching", "loathed")
STRONG = ("very", "really", "extremely", "absolutely", "truly")
WEAK = ("slightly", "rather", "somewhat", "fairly", "a little")
NAMES = ("Maria", "Thomas", "Aisha", "Kenji", "Olga", "Pedro", "Ingrid", "Samuel")
PLACES = ("Lisbon", "Toronto", "Nairobi", "Oslo", "Warsaw", "Lima", "Dublin", "Seoul")
NUMBERS = ("two", "three", "four", "six", "seven", "nine", "eleven", "twelve")
# Adjectives that are compared with "more".
BETTER = ("enjoyable", "gripping", "exciting", "convincing", "memorable", "delightful", "charming", "touching")
WORSE = ("tedious", "predictable", "annoying", "tiresome", "boring", "unconvincing", "pathetic", "forgettable")
WORDS = {
    "better": BETTER, "worse": WORSE,
    "good": GOOD, "bad": BAD, "part": PARTS, "film": FILMS, "liked": LIKED, "disliked": DISLIKED, "strong": STRONG,
    "weak": WEAK, "name": NAMES, "place": PLACES, "number": NUMBERS,
}  # fmt: skip

# Capability → (templates of negative sentences, templates of positive sentences).
LABELLED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plain": (
        ("The {part} was {bad}.", "This is a {bad} {film}.", "I {disliked} the {part}.", "A {bad}, {bad} {film}."),
        ("The {part} was {good}.", "This is a {good} {film}.", "I {liked} the {part}.", "A {good}, {good} {film}."),
    ),
    "negated praise": (
        (
            "The {part} was not {good}.", "This is not a {good} {film}.", "I never {liked} the {part}.",
            "Nothing about the {part} is {good}.", "The {part} isn't {good} at all.", "It wasn't a {good} {film}.",
        ),
        (),
    ),
    "negated blame": (
        (),
        (
            "The {part} was not {bad}.", "This is not a {bad} {film}.", "I never {disliked} the {part}.",
            "Nothing about the {part} is {bad}.", "The {part} isn't {bad} at all.", "It wasn't a {bad} {film}.",
        ),
    ),
    "negation at a distance": (
        (
            "I can't say that I {liked} the {part}.", "I don't think that anybody would call this {film} {good}.",
            "Not even the {part} of this {film} could be called {good}.",
            "Nobody who saw it with me thought that the {part} was {good}.",
        ),
        (
            "I can't say that I {disliked} the {part}.", "I don't think that anybody would call this {film} {bad}.",
            "Not even the {part} of this {film} could be called {bad}.",
            "Nobody who saw it with me thought that the {part} was {bad}.",
        ),
    ),
    "but and although": (
        (
            "The {part} is {good}, but as a whole the {film} is {bad}.", "I wanted to like it, but it was {bad}.",
            "Although the {part} was {good}, I {disliked} the {film}.",
        ),
        (
            "The {part} is {bad}, but as a whole the {film} is {good}.", "I expected little, but it was {good}.",
            "Although the {part} was {bad}, I {liked} the {film}.",
        ),
    ),
    "intensifiers and diminishers": (
        ("The {part} was {strong} {bad}.", "This {film} is {weak} {bad}.", "I found it {weak} {bad}."),
        ("The {part} was {strong} {good}.", "This {film} is {weak} {good}.", "I found it {weak} {good}."),
    ),
    "comparison": (
        (
            "Almost every other {film} is better than this one.", "The trailer was more {better} than the {film}.",
            "I have seen nothing so {bad} in {number} years.", "The {part} is even more {worse} than last time.",
            "The book was far better than this {film}.",
        ),
        (
            "Almost no other {film} is better than this one.", "The {film} was more {better} than the trailer.",
            "I have seen nothing so {good} in {number} years.", "The {part} is even more {better} than last time.",
            "This {film} was far better than the book.",
        ),
    ),
    "questions and conditionals": (
        (
            "If only the {part} were {good}.", "I wish this {film} had been {good}.", "Why is the {part} so {bad}?",
            "It would have been {good} with another {part}.", "Who would call this {film} {good}?",
        ),
        (
            "If only every {film} were this {good}.", "I wish every {part} were as {good}.",
            "Why is no other {film} so {good}?", "How can a {part} be so {good}?", "Who would call this {film} {bad}?",
        ),
    ),
}  # fmt: skip
EXCHANGED = (
    "{name} was {good} as the doctor from {place}.", "{name} was {bad} as the doctor from {place}.",
    "I saw this {good} {film} with {name} in {place}.", "I saw this {bad} {film} with {name} in {place}.",
    "The {number} sisters from {place} were {good}.", "The {number} sisters from {place} were {bad}.",
)  # fmt: skip
NEUTRAL = (
    "The {film} is set in {place}.", "{name} plays a teacher from {place}.", "It runs for {number} hours.",
    "I saw it in {place} on a Tuesday.", "The {film} has {number} parts.", "{name} and {name} live in {place}.",
    "My neighbour asked me about the {part}.", "The {part} is by {name}.", "They travel from {place} to {place}.",
)  # fmt: skip
CAPABILITIES = (*LABELLED, "names, numbers and places", "typing errors", "neutral")


class Sentence(NamedTuple):
    """A sentence and what is expected of a classifier.

    `expected`: "negative", "positive", "same" (as the verdict on the sentence `like`), or "neutral" (near 0.5).
    """

    capability: str
    expected: str
    text: str
    like: str = ""


def generate(seed: int) -> list[Sentence]:
    """The whole set, without duplicates, in the order of `CAPABILITIES`; negative and positive in equal numbers.

    Args:
        seed: with the lists of this module, the only source of the set.
    """
    generator = np.random.default_rng([seed, len(CAPABILITIES)])
    found = []
    for capability, sides in LABELLED.items():
        most = PER_CAPABILITY // sum(bool(templates) for templates in sides)
        for expected, templates in zip(("negative", "positive"), sides, strict=True):
            texts = itertools.islice(_distinct(templates, generator), most) if templates else ()
            found += [Sentence(capability, expected, text) for text in texts]
    found += _exchanged(generator) + _typing_errors(generator)
    neutral = itertools.islice(_distinct(NEUTRAL, generator), PER_CAPABILITY)
    return found + [Sentence("neutral", "neutral", text) for text in neutral]


def _filled(template: str, generator: np.random.Generator) -> str:
    """A template with a word in each place; no word stands in it twice."""
    text = template
    for name, words in WORDS.items():
        count = text.count(f"{{{name}}}")
        for word in generator.choice(words, size=count, replace=False) if count else ():
            text = text.replace(f"{{{name}}}", word, 1)
    return _article(text[0].upper() + text[1:])


def _article(text: str) -> str:
    """Write `a` before a vowel as `an`."""
    words = text.split(" ")
    for place, (word, following) in enumerate(itertools.pairwise(words)):
        if word in ("a", "A") and following[0] in "aeiou":
            words[place] = f"{word}n"
    return " ".join(words)


def _distinct(templates: Sequence[str], generator: np.random.Generator, tries: int = 40) -> Iterator[str]:
    """Sentences of the templates in turn, each once; ends where new ones have become rare."""
    seen: set[str] = set()
    for template in itertools.chain.from_iterable(itertools.repeat(templates)):
        for _ in range(tries):
            if (text := _filled(template, generator)) not in seen:
                seen.add(text)
                yield text
                break
        else:
            if len(seen) >= tries * len(templates):
                return


def _exchanged(generator: np.random.Generator) -> list[Sentence]:
    """Pairs that differ in a name, a number or a place."""
    pairs: dict[str, str] = {}
    for text in itertools.islice(_distinct(EXCHANGED, generator), PER_CAPABILITY // 2):
        other = text
        for words in (NAMES, NUMBERS, PLACES):
            for word in words:
                if word in text:
                    others = [one for one in words if one != word]
                    other = other.replace(word, str(generator.choice(others)))
                    break
        pairs.setdefault(other, text)
    return [Sentence("names, numbers and places", "same", other, text) for other, text in pairs.items()]


def _typing_errors(generator: np.random.Generator) -> list[Sentence]:
    """Plain sentences, each with two neighbouring letters exchanged in one of its words, every word in turn."""
    plain = itertools.islice(_distinct(sum(LABELLED["plain"], ()), generator), PER_CAPABILITY // 2)
    pairs: dict[str, str] = {}
    for number, text in enumerate(plain):
        words = text.split(" ")
        longer = [place for place, word in enumerate(words) if len(word.rstrip(".,")) >= 4]
        place = longer[number % len(longer)]
        word = words[place]
        swaps = [i for i in range(1, len(word.rstrip(".,")) - 1) if word[i] != word[i + 1]]
        at = int(generator.choice(swaps))
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        pairs.setdefault(" ".join(words), text)
    return [Sentence("typing errors", "same", wrong, text) for wrong, text in pairs.items()]
