from pathlib import Path

import keras
import numpy as np
import pytest

from stages.core import model_files
from stages.sentiment import model as network
from stages.sentiment import ngrams
from stages.sentiment.batches import Reviews, batch
from stages.sentiment.train import fitted, ngrams_in, quality
from tests.sentiment.test_batches import NETWORK

RATIOS = np.array([1.0, -2.0, 0.5], np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(7)
    built = network.build(NETWORK, RATIOS)
    # Large weights, so that whatever leaks from the padding would show.
    generator = np.random.default_rng(7)
    for layer in ("word_vectors", "phrases", "lstm_states", "lstm_logit", "sentence_states", "sentence_logit"):
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


def test_the_sentence_branch_reads_the_first_words_alone(model: keras.Model):
    def of(words: list[int]) -> float:
        some = Reviews([np.array(words, np.int32)], [np.array([1])], np.array([0]))
        return float(network.logits(network.branches(model), some, NETWORK.pool)["sentence"][0])

    assert of([2, 3, 4, 5, 6, 7, 8]) == pytest.approx(of([2, 3, 4, 5, 6, 7, 9, 10]), abs=1e-6)
    assert abs(of([2, 3, 4, 5, 6, 7]) - of([3, 2, 4, 5, 6, 7])) > 1e-4


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
    assert np.allclose(network.weights(model), 1 / 3)


def test_the_weights_of_the_branches_go_from_short_to_long(reviews: Reviews):
    built = network.build(NETWORK, RATIOS)
    weights = np.array([[0.5, 0.0, 0.25], [0.0, 2.0, 1.0]])
    network.weigh(built, weights)
    assert np.array_equal(network.weights(built), weights)
    logits = network.logits(network.branches(built), reviews, NETWORK.pool)
    # NETWORK reads 8 words as neither long nor short.
    assert np.allclose(logits[network.SHORTNESS], np.exp(-((np.array([1, 2, 3, 7, 40]) / 8) ** 2)), atol=1e-6)
    shares = network.weights_at(logits[network.SHORTNESS], weights)
    assert np.allclose(shares[4], weights[0], atol=1e-9) and np.allclose(shares[0], weights[1], atol=0.04)
    by_hand = sum(shares[:, at] * logits[name] for at, name in enumerate(network.BRANCHES))
    assert np.allclose(network.probability(logits, weights), 1 / (1 + np.exp(-by_hand)))
    whole = built.predict(batch(reviews, range(5), NETWORK.pool), verbose=0)[:, 0]
    assert np.allclose(network.probability(logits, weights), whole, atol=1e-6)


def test_the_better_branch_counts_for_more_and_overconfidence_is_undone():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 10_000)
    side, noise = 2 * labels - 1, generator.normal(size=(2, 10_000))
    # For means of ±1 and variance 1 the true logit is twice the value: the first branch says six times too much of
    # reviews, and the second is right about sentences.
    short = np.repeat([0.0, 1.0], 5000)
    logits = {
        "lstm": np.where(short, noise[1], 12 * (side + noise[0])),
        "sentence": np.where(short, 2 * (side + noise[0]), noise[1]),
        "ngrams": generator.normal(size=10_000),
        network.SHORTNESS: short,
    }
    weights = network.best_weights(logits, labels)
    assert weights[0] == pytest.approx([1 / 6, 0, 0], abs=0.05)
    assert weights[1] == pytest.approx([0, 1, 0], abs=0.1)
    assert network.best_weights(logits, labels, without="sentence")[:, 1] == pytest.approx(0)
    reviews, sentences = ({name: values[some] for name, values in logits.items()} for some in (short == 0, short == 1))
    found = quality(reviews, sentences, labels[short == 0], labels[short == 1])
    assert found["accuracy"] == pytest.approx(found["lstm_accuracy"], abs=0.01) == pytest.approx(0.841, abs=0.02)
    assert found["sentences_accuracy"] == pytest.approx(0.841, abs=0.02)
    assert found["mean_accuracy"] == pytest.approx((found["accuracy"] + found["sentences_accuracy"]) / 2)
    assert found["ngrams_accuracy"] == pytest.approx(0.5, abs=0.03)


def test_the_ngram_branch_starts_as_naive_bayes_over_the_root_of_the_length(model: keras.Model, reviews: Reviews):
    logit = network.logits(network.branches(model), reviews, NETWORK.pool)["ngrams"]
    assert np.allclose(logit, [1.0, 0.0, -1.5 / 2**0.5, -0.5 / 3**0.5, 0.5], atol=1e-6)


def test_the_ngram_branch_computes_what_was_fitted():
    generator = np.random.default_rng(4)
    rows = [np.flatnonzero(generator.random(3) < 0.6).astype(np.int32) + 1 for _ in range(60)]
    train = Reviews([np.ones(1, np.int32)] * 60, rows, generator.integers(0, 2, 60))
    present = ngrams_in(train)
    evidence = ngrams.log_ratios(present, train.labels)
    weights, intercept = fitted(present, evidence, train.labels, NETWORK)
    built = network.build(NETWORK, evidence)
    network.set_ngrams(built, weights, intercept)
    expected = [
        (evidence[ids - 1] * weights[ids - 1]).sum() / max(1, len(ids)) ** 0.5 + intercept for ids in train.ngrams
    ]
    assert np.ptp(expected) > 0.1
    assert np.allclose(network.logits(network.branches(built), train, NETWORK.pool)["ngrams"], expected, atol=1e-5)


def test_training_leaves_the_ngrams_and_the_weights_of_the_branches_alone(model: keras.Model):
    reading = {"word_vectors", "phrases", "lstm_states", "lstm_logit", "sentence_states", "sentence_logit"}
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == reading | {"sentiment"}
    trained = network.trained(model)
    assert {weight.path.split("/")[0] for weight in trained.trainable_weights} == reading
    ids = {"words": np.array([[2, 3, 4, 5]]), "sentences": np.array([[5, 2], [3, 4]]), "short": np.array([[7, 3]] * 3)}
    found = trained.predict_on_batch(ids)
    assert {name: len(logits) for name, logits in found.items()} == {"reviews": 1, "sentences": 2, "short": 3}
    branches = network.branches(model)
    for output, name, branch in (
        ("reviews", "words", "lstm"),
        ("sentences", "sentences", "lstm"),
        ("short", "short", "sentence"),
    ):
        both = branches.predict_on_batch({"words": ids[name], "ngrams": np.ones((len(ids[name]), 1), int)})
        assert np.allclose(found[output], both[branch], atol=1e-6)


def test_ratios_are_those_of_the_ngrams_read():
    train = Reviews([], [np.array([1, 2]), np.array([1]), np.array([2, 3])], np.array([1, 1, 0]))
    expected = np.log(np.array([3, 2, 1]) / 6 / (np.array([1, 2, 2]) / 5))
    assert np.allclose(ngrams.log_ratios(ngrams_in(train), train.labels), expected)
    assert ngrams_in(train).toarray().tolist() == [[1, 1, 0], [1, 0, 0], [0, 1, 1]]


def test_a_saved_model_is_the_same(model: keras.Model, reviews: Reviews, tmp_path: Path):
    model_files.write(tmp_path / "model.keras", model)
    loaded = model_files.read(tmp_path / "model.keras")
    before, after = (network.logits(network.branches(m), reviews, NETWORK.pool) for m in (model, loaded))
    assert all(np.array_equal(before[name], after[name]) for name in network.BRANCHES)
