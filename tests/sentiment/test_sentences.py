import itertools
from collections import Counter

import pytest

from stages.sentiment.sentences import CAPABILITIES, LABELLED, WORDS, Sentence, generate


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return generate(7)


def test_the_set_is_a_function_of_the_seed(sentences):
    assert generate(7) == sentences
    assert generate(8) != sentences


def test_every_sentence_stands_once_and_every_place_is_filled(sentences):
    assert len({sentence.text for sentence in sentences}) == len(sentences) > 1500
    assert not [sentence.text for sentence in sentences if "{" in sentence.text or "a a" in sentence.text.split()]


def test_labels_are_balanced(sentences):
    count = Counter((sentence.capability, sentence.expected) for sentence in sentences)
    for capability, (negative, positive) in LABELLED.items():
        if negative and positive:
            assert count[capability, "negative"] == count[capability, "positive"]
    expected = Counter(sentence.expected for sentence in sentences)
    assert expected["negative"] == expected["positive"]
    assert [capability for capability in CAPABILITIES if not any(key[0] == capability for key in count)] == []


def test_a_pair_differs_in_what_its_capability_exchanges(sentences):
    exchanged = {word for name in ("name", "place", "number") for word in WORDS[name]}
    for sentence in sentences:
        assert bool(sentence.like) == (sentence.expected == "same")
        words, others = sentence.text.rstrip(".").split(" "), sentence.like.rstrip(".").split(" ")
        differing = {(a, b) for a, b in zip(words, others, strict=False) if a != b}
        if sentence.capability == "names, numbers and places":
            found = {word.rstrip(".").lower() for pair in differing for word in pair}
            assert found and found <= {word.lower() for word in exchanged}
        elif sentence.capability == "typing errors":
            ((wrong, right),) = differing
            assert sorted(wrong) == sorted(right)


def test_an_article_fits_the_word_behind_it(sentences):
    for sentence in sentences:
        words = sentence.text.split(" ")
        for word, following in itertools.pairwise(words):
            if word.lower() == "a":
                assert following[0] not in "aeiou", sentence.text
            if word.lower() == "an":
                assert following[0] in "aeiou", sentence.text
