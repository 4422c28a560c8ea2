from pathlib import Path

import keras
import numpy as np
import pytest

from stages.core import artifacts
from stages.sentiment import model as network
from stages.sentiment.batches import Reviews, batch
from stages.sentiment.train import fitted, quality, ratios
from tests.sentiment.test_batches import NETWORK

RATIOS = np.array([1.0, -2.0, 0.5], np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(7)
    built = network.build(NETWORK, RATIOS)
    # Large weights, so that whatever leaks from the padding would show.
    generator = np.random.default_rng(7)
    for layer in ("word_vectors", "phrases", "lstm_states", "lstm_logit"):
        values = built.get_layer(layer).get_weights()
        built.get_layer(layer).set_weights([generator.normal(size=value.shape) for value in values])
    return built


@pytest.fixture
def reviews() -> Reviews:
    generator = np.random.default_rng(3)
    words = [generator.integers(1, 12, size).astype(np.int32) for size in (1, 2, 3, 7, 40)]
    ngrams = [np.array(ids, np.int32) for ids in ([1], [], [2, 3], [1, 2, 3], [3])]
    return Reviews(words, ngrams, np.array([0, 1, 0, 1, 1]))


def predict(model: keras.Model, words: np.ndarray, ngrams: np.ndarray) -> np.ndarray:
    return model.predict({"words": words, "ngrams": ngrams}, verbose=0)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_padding_does_not_change_the_prediction(model: keras.Model, size: int):
    ids = np.random.default_rng(size).integers(2, 12, (1, size))
    short = np.pad(ids, ((0, 0), (0, size % NETWORK.pool)))
    long = np.pad(ids, ((0, 0), (0, 40 - size)))
    some = np.array([[1, 3]])
    more = np.pad(some, ((0, 0), (0, 60)))
    assert np.allclose(predict(model, short, some), predict(model, long, more), atol=1e-6)


def test_the_last_word_counts(model: keras.Model):
    one, other = np.array([[2, 3, 4, 5, 6, 7]]), np.array([[2, 3, 4, 5, 6, 8]])
    nothing = np.zeros((1, 1), int)
    assert abs(predict(model, one, nothing) - predict(model, other, nothing)) > 1e-4


def test_a_review_of_no_words_has_a_probability(model: keras.Model):
    assert 0 < predict(model, np.zeros((1, 4), int), np.zeros((1, 1), int))[0, 0] < 1


def test_the_whole_is_the_weighted_sum_of_its_branches(model: keras.Model, reviews: Reviews):
    logits = network.logits(network.branches(model), reviews, NETWORK.pool)
    whole = model.predict(batch(reviews, range(5), NETWORK.pool), verbose=0)[:, 0]
    assert np.allclose(network.probability(logits, network.weights(model)), whole, atol=1e-6)
    assert np.allclose(network.weights(model), 0.5)


def test_weights_can_be_set():
    built = network.build(NETWORK, RATIOS)
    network.weigh(built, np.array([0.25, 0.75]))
    assert list(network.weights(built)) == [0.25, 0.75]


def test_the_better_branch_counts_for_more_and_overconfidence_is_undone():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 5000)
    side = 2 * labels - 1
    # For means of ±1 and variance 1 the true logit is twice the value: this branch says six times too much.
    logits = {"lstm": 12 * (side + generator.normal(size=5000)), "ngrams": generator.normal(size=5000)}
    weights = network.best_weights(logits, labels)
    assert weights[0] == pytest.approx(1 / 6, rel=0.1)
    assert 0 <= weights[1] < 0.1
    found = quality(logits, labels)
    assert found["accuracy"] == pytest.approx(found["lstm_accuracy"], abs=0.01) == pytest.approx(0.841, abs=0.02)
    assert found["ngrams_accuracy"] == pytest.approx(0.5, abs=0.03)


def test_the_ngram_branch_starts_as_naive_bayes_over_the_root_of_the_length(model: keras.Model, reviews: Reviews):
    logit = network.logits(network.branches(model), reviews, NETWORK.pool)["ngrams"]
    assert np.allclose(logit, [1.0, 0.0, -1.5 / 2**0.5, -0.5 / 3**0.5, 0.5], atol=1e-6)


def test_the_ngram_branch_computes_what_was_fitted():
    generator = np.random.default_rng(4)
    rows = [np.flatnonzero(generator.random(3) < 0.6).astype(np.int32) + 1 for _ in range(60)]
    train = Reviews([np.ones(1, np.int32)] * 60, rows, generator.integers(0, 2, 60))
    evidence = ratios(train, 200)
    weights, intercept = fitted(train, evidence, NETWORK)
    built = network.build(NETWORK, evidence)
    network.set_ngrams(built, weights, intercept)
    expected = [
        (evidence[ids - 1] * weights[ids - 1]).sum() / max(1, len(ids)) ** 0.5 + intercept for ids in train.ngrams
    ]
    assert np.ptp(expected) > 0.1
    assert np.allclose(network.logits(network.branches(built), train, NETWORK.pool)["ngrams"], expected, atol=1e-5)


def test_training_the_lstm_branch_leaves_the_ngrams_alone(model: keras.Model):
    trained = {weight.path.split("/")[0] for weight in model.trainable_weights}
    assert trained == {"word_vectors", "phrases", "lstm_states", "lstm_logit", "sentiment"}
    lstm = network.lstm_branch(model)
    assert {weight.path.split("/")[0] for weight in lstm.trainable_weights} == trained - {"sentiment"}
    ids = np.array([[2, 3, 4, 5]])
    both = network.branches(model).predict({"words": ids, "ngrams": np.array([[1]])}, verbose=0)
    assert np.array_equal(lstm.predict({"words": ids}, verbose=0), both["lstm"])


def test_ratios_are_those_of_the_ngrams_read():
    train = Reviews([], [np.array([1, 2]), np.array([1]), np.array([2, 3])], np.array([1, 1, 0]))
    expected = np.log(np.array([3, 2, 1]) / 6 / (np.array([1, 2, 2]) / 5))
    assert np.allclose(ratios(train, 200), expected)


def test_a_saved_model_is_the_same(model: keras.Model, reviews: Reviews, tmp_path: Path):
    artifacts.write_model(tmp_path / "model.keras", model)
    loaded = artifacts.read_model(tmp_path / "model.keras")
    before, after = (network.logits(network.branches(m), reviews, NETWORK.pool) for m in (model, loaded))
    assert all(np.array_equal(before[name], after[name]) for name in network.BRANCHES)
