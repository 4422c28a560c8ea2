from collections import Counter

import numpy as np
import pytest

from stages.sentiment import clauses, counterfactuals, frames
from stages.sentiment.clauses import Clause
from stages.sentiment.preprocess import tokenise
from stages.sentiment.sentences import LABELLED, generate
from stages.sentiment.training_sentences import KINDS, PARTS, Sentences, make

SUBJECTS = ("the story", "the acting", "this film", "the music", "the ending", "it")
WORDS = (
    ("dull", "awful", "weak", "poor", "lame", "hated"),
    ("superb", "lovely", "great", "funny", "sharp", "loved"),
)


def review(label: int, generator: np.random.Generator) -> str:
    *adjectives, verb = WORDS[label]
    said = [f"{generator.choice(SUBJECTS)} was very {word}." for word in generator.permutation(adjectives)]
    said += [
        f"I {verb} {generator.choice(SUBJECTS)}. I really {verb} it. They made me {verb[:-1]} it, to {verb[:-1]} it."
    ]
    said.append(f"In the week before we saw it, {generator.integers(99_999)} people or more had seen it too.")
    return " ".join([*said, f"It rained on {generator.integers(99_999)} days."])


@pytest.fixture(scope="module")
def found() -> dict[str, Sentences]:
    generator = np.random.default_rng(3)
    labels = {part: np.arange(count) % 2 for part, count in (("train", 120), ("validation", 30))}
    texts = {part: [review(label, generator) for label in some] for part, some in labels.items()}
    words = map(tokenise, texts["train"])
    return make(texts, words, labels, tokenise, seed=7, barred=["The story was not dull!"])


def texts(sentences: Sentences) -> list[str]:
    return [" ".join(words) for words in sentences.words]


@pytest.mark.parametrize("part", PARTS)
def test_every_kind_has_as_many_negative_as_positive_sentences(found, part):
    count = Counter(zip(found[part].kinds, found[part].labels, strict=True))
    for kind in range(len(KINDS)):
        assert count[kind, 0] == count[kind, 1] > 0


def test_no_sentence_stands_twice_nor_in_both_parts(found):
    every = [text for part in PARTS for text in texts(found[part])]
    assert len(set(every)) == len(every) > 1000


def test_a_sentence_of_the_test_set_is_not_among_them(found):
    assert not [text for part in PARTS for text in texts(found[part]) if text in ("the story was not dull", "")]


def test_no_frame_is_a_template_of_the_test_sentences():
    """With a blank in each place, of all that both have."""

    def blank(text: str) -> str:
        text = text.replace("{a adj}", "a {}").replace("{isn't}", "isn't")
        return " ".join(tokenise(counterfactuals.PLACE.sub("_", text).replace("_", "blank"))).replace(
            "an blank", "a blank"
        )

    templates = {blank(one) for sides in LABELLED.values() for some in sides for one in some}
    made = {blank(frame.split(" ", 1)[1]) for some in frames.FRAMES.values() for frame in some}
    assert not made & templates


def test_every_place_of_every_frame_is_filled(found):
    source = counterfactuals.Material(
        clauses.Opinions(({"dull": 1.0}, {"great": 1.0}), ({"hated": 1.0}, {"loved": 1.0}), {"hated": "hate"}),
        [("the story", "was")],
        ["it"],
        ["very"],
    )
    writer = counterfactuals.Writer(source, np.random.default_rng(0))
    for some in frames.FRAMES.values():
        for frame in some:
            sign, text = frame.split(" ", 1)
            assert sign in ("-", "+", "-g", "-b", "+g", "+b", "0", "1"), frame
            filled = writer.filled(text, 1)
            assert "{" not in filled and tokenise(filled) == filled.split(" "), filled


@pytest.mark.parametrize(
    ("words", "clause"),
    [
        ("the whole story was really dull", Clause(("the", "whole", "story"), "was", ("really",), "dull", ())),
        ("it is a very good film", Clause(("it",), "is", ("a", "very"), "good", ("film",))),
        ("i loved every minute", Clause(("i",), "loved", (), "", ("every", "minute"))),
        ("the story was not dull", None),
        ("the story isn't dull", None),
        ("if it was good", None),
        ("dull from the start", None),
        ("the story was dull as ever", None),
        ("the story was good today again", None),
        ("the end was", None),
    ],
)
def test_a_simple_clause_is_taken_apart(words: str, clause: Clause | None):
    assert clauses.parsed(words.split()) == clause


def test_a_word_decides_a_clause_if_chance_does_not_explain_it():
    said = [("dull", 0)] * 20 + [("new", 0), ("new", 1)] * 10 + [("table", 0)] * 20
    parsed = [Clause(("it",), "was", ("very",), word, ()) for word, _ in said]
    reviews = [["very", word] if word != "table" else [word] for word, _ in said]
    opinions = clauses.opinions(parsed, np.arange(60), reviews, np.array([label for _, label in said]))
    assert opinions.adjectives == ({"dull": 1.0}, {})
    assert opinions.verbs == ({}, {})


def test_a_rare_word_is_decided_by_the_reviews_that_have_it():
    """Two clauses are too few; not if they say the opposite of what the reviews do."""
    for label in (0, 1):
        reviews = [["very", "tiresome"]] * 20 + [["other"]] * 20
        labels = np.repeat([0, 1], 20)
        rows = np.array([0, 1]) if label == 0 else np.array([20, 21])
        parsed = [Clause(("it",), "was", (), "tiresome", ())] * 2
        opinions = clauses.opinions(parsed, rows, reviews, labels)
        assert opinions.adjectives[0] == ({"tiresome": 1.0} if label == 0 else {})


def test_a_verb_of_opinion_is_emphasised_and_has_its_infinitive():
    verbs = {"liked": "like", "enjoyed": "enjoy", "rented": "rent", "wanted": "want"}
    parsed = [Clause(("i",), verb, (), "", ("it",)) for verb in verbs for _ in range(20)]
    reviews = [["i", verb, "it", "didn't", lemma] for verb, lemma in verbs.items() for _ in range(20)]
    for words in reviews:
        if words[1] != "rented":
            words.insert(1, "really")
        if words[2] == "wanted":
            words.insert(3, "to")
    labels = np.ones(80, int)
    opinions = clauses.opinions(parsed, np.arange(80), reviews, labels)
    assert set(opinions.verbs[1]) == {"liked", "enjoyed"}
    assert {verb: opinions.lemmas[verb] for verb in opinions.verbs[1]} == {"liked": "like", "enjoyed": "enjoy"}


def test_negation_and_doubt_turn_a_label_around(found):
    """Where a sentence has one word of opinion, its label is the other one; the few frames that keep it aside."""
    label_of = {word: label for label, words in enumerate(WORDS) for word in words}
    label_of |= {"hate": 0, "love": 1}
    some = found["train"]
    for kind, turned in (("plain", 0.0), ("negated", 0.85), ("contrasted", 0.0)):
        inside = np.flatnonzero(some.kinds == KINDS.index(kind))
        read = [[label_of[word] for word in some.words[row] if word in label_of] for row in inside]
        single = [(row, said[0]) for row, said in zip(inside, read, strict=True) if len(set(said)) == 1]
        different = np.mean([some.labels[row] != said for row, said in single])
        assert different == 0 if turned == 0 else different > turned


def test_with_too_few_clauses_there_are_natural_sentences_alone():
    texts = {part: ["Rain. Sun and rain.", "Snow! Ice all over."] for part in PARTS}
    words = map(tokenise, texts["train"])
    found = make(texts, words, {part: np.array([0, 1]) for part in PARTS}, tokenise, seed=7, barred=[])
    assert set(found["train"].kinds) == {KINDS.index("brief")}
    assert sorted(" ".join(words) for words in found["train"].words) == [
        "ice all over",
        "rain",
        "snow !",
        "sun and rain",
    ]
    # The validation reviews say nothing else, and something there must be.
    assert [" ".join(words) for words in found["validation"].words] == ["rain sun and rain", "snow ! ice all over"]


def test_the_real_test_set_is_barred():
    assert len({" ".join(tokenise(one.text)) for one in generate(7)}) > 1500
