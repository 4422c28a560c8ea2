import numpy as np
import pytest

from stages.sentiment import vectors


def arrays(*reviews: list[int]) -> list[np.ndarray]:
    return [np.array(review, np.int32) for review in reviews]


def test_information_equals_that_of_plain_python():
    reviews = arrays([2, 3, 1, 4, 2], [3, 4], [5], [2, *[3] * vectors.WINDOW, 4])
    counts = np.zeros((6, 6))
    for review in reviews:
        for at, word in enumerate(review):
            for other in review[at + 1 : at + 1 + vectors.WINDOW]:
                if min(word, other) > 1:
                    counts[word, other] += 1
                    counts[other, word] += 1
    frequency = counts.sum(axis=1)
    smoothed = frequency**vectors.SMOOTHING / (frequency**vectors.SMOOTHING).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log(counts / frequency[:, None] / smoothed)
    expected = np.where(counts > 0, np.maximum(expected, 0), 0)
    assert expected.any()
    assert vectors.information(reviews, 6).toarray() == pytest.approx(expected, abs=1e-6)


def test_words_with_like_neighbours_are_alike_and_the_last_number_is_the_log_ratio():
    generator = np.random.default_rng(2)
    reviews, labels = [], np.arange(400) % 2
    for label in labels:  # 2 and 3 stand among 10 ... 14, 4 and 5 among 15 ... 19; 2 and 4 are positive
        pair = generator.choice([0, 1])
        word = 2 + 2 * pair + (label == 0) if generator.random() < 0.8 else 3 + 2 * pair - (label == 0)
        reviews.append(np.insert(10 + 5 * pair + generator.integers(0, 5, 6), 3, word).astype(np.int32))
    found = vectors.initial(reviews, labels, 22, 4, seed=7)
    unit = found[:, :-1] / np.maximum(np.linalg.norm(found[:, :-1], axis=1, keepdims=True), 1e-9)
    assert unit[2] @ unit[3] > 0.9 > 0.5 > unit[2] @ unit[4]
    assert min(found[2, -1], found[4, -1]) > 0 > max(found[3, -1], found[5, -1])
    for nowhere in (0, 1, 6, 21):
        assert np.allclose(found[nowhere], 0, atol=1e-6)
    assert np.array_equal(found, vectors.initial(reviews, labels, 22, 4, seed=7))


@pytest.mark.parametrize("reviews", [arrays([2], [3]), arrays([1, 1], [1]), arrays([2, 3, 2], [4, 2])])
@pytest.mark.parametrize("size", [1, 2, 64])
def test_few_words(reviews: list[np.ndarray], size: int):
    found = vectors.initial(reviews, np.array([0, 1]), 6, size, seed=7)
    assert found.shape == (6, size)
    assert np.isfinite(found).all()
