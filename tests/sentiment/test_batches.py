import numpy as np

from stages.params import SentimentNetwork
from stages.sentiment import batches

NETWORK = SentimentNetwork(
    vocabulary=10,
    ngrams=3,
    length=4,
    head=0.25,
    embedding=3,
    filters=4,
    pool=2,
    units=3,
    dropout=0.5,
    word_dropout=0.5,
    sentence_scale=8,
    clause_scale=2,
    ngram_dropout=0.5,
    ngram_penalty=0.1,
)


def test_words_and_ngrams_beyond_the_network_s_are_unknown_and_left_out():
    data = {
        "train_words": np.array([2, 11, 12, 3, 1], np.int32),
        "train_word_lengths": np.array([3, 2]),
        "train_ngrams": np.array([0, 3, 1, 2], np.int32),
        "train_ngram_lengths": np.array([2, 2]),
        "train_labels": np.array([0, 1]),
        "train_source": np.array([0, 1]),
    }
    reviews = batches.reviews(data, "train", NETWORK)
    assert [list(ids) for ids in reviews.words] == [[2, 11, 1], [3, 1]]
    assert [list(ids) for ids in reviews.ngrams] == [[1], [2, 3]]


def test_batches_are_a_pure_function_of_their_number():
    lengths = np.random.default_rng(1).integers(1, 300, 103)
    one, other = (batches.bucketed(lengths, 10, [7], pool=5) for _ in range(2))
    forward = [one(step) for step in range(30)]
    assert all(np.array_equal(other(step), forward[step]) for step in reversed(range(30)))
    assert any(not np.array_equal(one(step), one(step + 10)) for step in range(10))  # another pass, another order


def test_each_pass_uses_a_review_once_at_most_and_sorts_by_length():
    lengths = np.random.default_rng(1).integers(1, 300, 103)
    rows = batches.bucketed(lengths, 10, [7], pool=5)
    used = np.concatenate([rows(step) for step in range(10)])
    assert len(set(used)) == 100
    spread = np.mean([np.ptp(lengths[rows(step)]) for step in range(10)])
    assert spread < np.ptp(lengths) / 3


def test_fewer_reviews_than_a_batch():
    rows = batches.bucketed(np.array([3, 1, 2]), 64, [7])
    assert sorted(rows(0)) == sorted(rows(5)) == [0, 1, 2]
