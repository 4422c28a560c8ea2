import numpy as np
import pytest

from stages.sentiment.capabilities import PARTS, Verdicts, arrays, by_threshold, key_of, measure, unseen, worst
from stages.sentiment.encoding import UNKNOWN
from stages.sentiment.sentences import CAPABILITIES, generate

SENTENCES = generate(7)
EXPECTED = np.array([one.expected for one in SENTENCES])


def verdicts(of_positive: float, of_negative: float, of_others: float = 0.5) -> Verdicts:
    """A classifier that knows the labels, and gives all else the same probability."""
    found = np.select([EXPECTED == "positive", EXPECTED == "negative"], [of_positive, of_negative], of_others)
    return Verdicts(found, np.full(len(SENTENCES), of_others))


def test_a_perfect_and_a_reversed_classifier():
    found = measure(SENTENCES, {"perfect": verdicts(1.0, 0.0), "reversed": verdicts(0.0, 1.0)})
    assert found["count"] == len(SENTENCES)
    assert list(found["capabilities"]) == [key_of(name) for name in CAPABILITIES]
    unlabelled = {"names_numbers_and_places", "typing_errors", "neutral"}
    for name, scores in found["capabilities"].items():
        assert scores["perfect"] == 1
        assert scores["reversed"] == (1 if name in unlabelled else 0)
    assert found["mean"]["perfect"] == 1
    assert found["calibration_error"] == pytest.approx({"perfect": 0, "reversed": 1})


def test_one_class_is_half_right_where_both_are_asked_for():
    scores = measure(SENTENCES, {"positive": verdicts(0.9, 0.9, 0.9)})["capabilities"]
    assert scores["plain"]["positive"] == 0.5
    assert (scores["negated_praise"]["positive"], scores["negated_blame"]["positive"]) == (0, 1)
    assert scores["neutral"]["positive"] == pytest.approx(0.2)


def test_a_pair_counts_when_both_get_the_same_label():
    flipped = verdicts(1.0, 0.0)._replace(like=np.full(len(SENTENCES), 0.4))
    scores = measure(SENTENCES, {"flipped": flipped})["capabilities"]
    assert scores["typing_errors"]["flipped"] == 0
    assert scores["plain"]["flipped"] == 1


def test_the_worst_sentences_are_the_most_confident_errors():
    found = verdicts(1.0, 0.0)
    row = next(at for at, one in enumerate(SENTENCES) if one.capability == "negated blame")
    found.sentences[row], found.sentences[row + 1] = 0.2, 0.4
    rows = worst(SENTENCES, found)
    assert [one["text"] for one in rows] == [SENTENCES[row].text, SENTENCES[row + 1].text]
    assert rows[0]["probability"] == 0.2


def test_a_threshold_is_measured_on_sentences_and_on_reviews():
    found = by_threshold(SENTENCES, verdicts(0.8, 0.2), np.array([0, 0, 1, 1]), np.array([0.2, 0.6, 0.4, 0.95]))
    labelled = {"precision": 1.0, "recall": 1.0}
    assert [found[f"at_{percent}"]["sentences"] for percent in (30, 50, 70)] == [labelled] * 3
    assert found["at_90"]["sentences"] == {"precision": 0.0, "recall": 0.0}
    assert found["at_10"]["sentences"]["precision"] == 0.5
    assert found["at_50"]["reviews"] == {"precision": 0.5, "recall": 0.5}
    assert found["at_70"]["reviews"] == {"precision": 1.0, "recall": 0.5}
    assert [row["threshold"] for row in found.values()] == [0.1, 0.3, 0.5, 0.7, 0.9]


def test_a_sentence_of_the_training_reviews_is_left_out():
    pair = next(one for one in SENTENCES if one.like)
    reviews = ["Another.", f"Yesterday I saw it!{SENTENCES[3].text.upper()}<br />That is all.", f"So: {pair.like}"]
    assert unseen(["Nothing of the kind.", ""], 7) == SENTENCES
    left = unseen(reviews, 7)
    assert [one for one in SENTENCES if one not in left] == [
        one for one in SENTENCES if one == SENTENCES[3] or pair.like in (one.text, one.like)
    ]
    assert unseen([f"{SENTENCES[3].text[:-1]} and more."], 7) == SENTENCES


def test_the_arrays_are_those_of_preprocess():
    found = arrays(SENTENCES, ["the", "was"], np.array([2, 3]))
    for part in PARTS:
        assert len(found[f"{part}_word_lengths"]) == len(SENTENCES)
        assert set(found[f"{part}_words"]) == {UNKNOWN, 2, 3}
    assert found["sentences_word_lengths"].sum() == len(found["sentences_words"])
