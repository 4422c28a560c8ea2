import numpy as np

from stages.sentiment import examples


def test_mistakes_are_sorted_by_confidence():
    actual, probability = np.array([0, 1, 0, 1, 0]), np.array([0.8, 0.3, 0.2, 0.1, 0.99])
    texts = np.array(list("abcde"))
    found = examples.confident_mistakes(actual, probability, texts)
    assert [row["text"] for row in found] == ["e", "a", "d", "b"]
    assert [row["actual"] for row in found] == ["negative", "negative", "positive", "positive"]


def test_examples_are_the_first_short_ones():
    texts = np.array(["long " * 90, "bad <br /><br /> film", "good", "better"])
    tokens = [text.split() for text in texts]
    found = examples.short(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.7, 0.9]), texts, tokens)
    assert [row["text"] for row in found] == ["bad film", "good"]
    assert [row["probability"] for row in found] == [0.2, 0.7]
    found = examples.short(np.array([0, 1]), np.array([0.1, 0.9]), texts[[0, 0]], [tokens[0], tokens[0]])
    assert len(found) == 2  # none is short: the shortest
