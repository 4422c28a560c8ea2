import keras
import numpy as np
import pytest
from scipy.special import expit

from stages.params import SentimentNetwork
from stages.sentiment import encoding
from stages.sentiment import model as network
from stages.sentiment.model import Reviews
from stages.sentiment.train import bucketed, fit_ngrams

sizes = {"vocabulary": 10, "ngrams": 3, "length": 4, "head": 0.25, "embedding": 3, "filters": 4, "pool": 2, "units": 3}
sizes |= {"dropout": 0.5, "word_dropout": 0.5, "sentence_scale": 8, "clause_scale": 2}
NETWORK = SentimentNetwork(**sizes, ngram_dropout=0.5, ngram_penalty=0.1)
WEIGHTS = np.array([[1.0, 0.5], [-2.0, 0.0], [0.5, -1.0]])  # of three n-grams


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(7)
    built = network.build(NETWORK, 3)
    network.set_ngrams(built, WEIGHTS, np.array([0.25, 2.0]))
    # Large weights, so that whatever leaks from the padding would show.
    generator = np.random.default_rng(7)
    for layer in ("word_vectors", "phrases", "lstm_states", "lstm_logit"):
        values = built.get_layer(layer).get_weights()
        built.get_layer(layer).set_weights([generator.normal(size=value.shape) for value in values])
    return built


@pytest.fixture
def reviews() -> Reviews:
    generator = np.random.default_rng(3)
    words = [generator.integers(1, 12, size).astype(np.int32) for size in (0, 2, 3, 7, 40)]
    ngrams = [np.array(ids, np.int32) for ids in ([1], [], [2, 3], [1, 2, 3], [3])]
    return Reviews(words, ngrams, np.array([0, 1, 0, 1, 1]), np.zeros(5, int))


def predict(model: keras.Model, words: np.ndarray, ngrams: np.ndarray) -> np.ndarray:
    return model.predict({"words": words, "ngrams": ngrams}, verbose=0)


def test_words_and_ngrams_beyond_the_network_s_are_unknown_and_left_out():
    data = {
        "train_words": np.array([2, 11, 12, 3, 1], np.int32),
        "train_word_lengths": np.array([3, 2]),
        "train_ngrams": np.array([0, 3, 1, 2], np.int32),
        "train_ngram_lengths": np.array([2, 2]),
        "train_labels": np.array([0, 1]),
        "train_source": np.array([0, 1]),
    }
    reviews = network.reviews(data, "train", NETWORK)
    assert [list(ids) for ids in reviews.words] == [[2, 11, 1], [3, 1]]
    assert [list(ids) for ids in reviews.ngrams] == [[1], [2, 3]]


def test_batches_are_a_pure_function_of_their_number_and_sorted_by_length():
    lengths = np.random.default_rng(1).integers(1, 300, 103)
    one, other = (bucketed(lengths, 10, 7, "reviews", pool=5) for _ in range(2))
    forward = [one(step) for step in range(30)]
    assert np.array_equal([other(step) for step in reversed(range(30))], forward[::-1])
    assert any(not np.array_equal(one(step), one(step + 10)) for step in range(10))  # another pass, another order
    assert len(set(np.concatenate(forward[:10]))) == 100  # each review once at most in a pass
    assert set(np.concatenate(forward)) == set(range(103))
    assert np.mean([np.ptp(lengths[rows]) for rows in forward[:10]]) < np.ptp(lengths) / 3
    few = bucketed(np.array([3, 1, 2]), 64, 7, "reviews")
    assert sorted(np.bincount(few(0))) == [21, 21, 22]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_padding_does_not_change_the_prediction(model: keras.Model, size: int):
    ids = np.random.default_rng(size).integers(2, 12, (1, size))
    short = np.pad(ids, ((0, 0), (0, size % NETWORK.pool)))
    long = np.pad(ids, ((0, 0), (0, 40 - size)))
    some = np.array([[1, 3]])
    more = np.pad(some, ((0, 0), (0, 60)))
    assert np.allclose(predict(model, short, some), predict(model, long, more), atol=1e-6)
    short[0, size - 1] = 13 - short[0, size - 1]  # the last word counts
    assert abs(predict(model, short, some) - predict(model, long, more)) > 1e-4


def test_the_weights_of_the_branches_and_of_the_ngrams_change_with_the_length(model: keras.Model, reviews: Reviews):
    first, weights = network.weights(model), np.array([[0.5, 0.0], [-0.5, 1.0], [3.0, -1.0]])
    assert first.tolist() == [[1, 1], [0, 0], [0, 0]]
    model.layers[-1].set_weights([weights.reshape(-1, 1)])
    assert np.array_equal(network.weights(model), weights)
    logits = network.logits(network.branches(model), reviews, NETWORK.pool)
    whole = predict(model, **encoding.batch(reviews.words, reviews.ngrams, NETWORK.pool))[:, 0]
    model.layers[-1].set_weights([first.reshape(-1, 1)])
    # NETWORK reads 8 words as neither a sentence nor a review, 2 as neither a clause nor a sentence.
    sentence, clause = (np.exp(-((np.array([0, 2, 3, 7, 40]) / scale) ** 2)) for scale in (8, 2))
    sums = np.array([WEIGHTS[ids - 1].sum(axis=0) / max(1, len(ids)) ** 0.5 for ids in reviews.ngrams])
    lstm, ngrams = logits[:, 0], sums[:, 0] + 0.25 + (sums[:, 1] + 2) * sentence
    by_hand = (0.5 - 0.5 * sentence + 3 * clause) * lstm + (sentence - clause) * ngrams
    found = network.probabilities(logits, weights)
    for name, expected in {"lstm": expit(lstm), "ngrams": expit(ngrams), "network": expit(by_hand)}.items():
        assert np.allclose(found[name], expected, atol=1e-6)
    assert np.allclose(found["network"], whole, atol=1e-6)


@pytest.mark.parametrize(("short", "expected"), [(1.0, [[1 / 6, 0], [0, 1]]), (0.0, [[1 / 6, 0], [1 / 6, 0]])])
def test_the_better_branch_counts_for_more_and_overconfidence_is_undone(short: float, expected: list):
    generator = np.random.default_rng(1)
    labels, sentences = generator.integers(0, 2, 10_000), np.arange(10_000) >= 5000
    # For means of ±1 and variance 1 the true logit is twice the value: the LSTM says six times too much of reviews,
    # and the n-grams are right about sentences, if there are any.
    logits, signal = generator.normal(size=(10_000, 2)), 2 * labels - 1 + generator.normal(size=10_000)
    logits[~sentences, 0] = 12 * signal[~sentences]
    logits[sentences, int(short)] = (2 if short else 12) * signal[sentences]
    texts = np.vstack([np.hstack([logits, logits * short * sentences[:, None], 0 * logits])] * 2)
    counts = np.repeat([1, 0], 10_000)  # what counts 0 times says nothing
    long, added, none = network.best_weights(texts, np.concatenate([labels, 1 - labels]), counts)
    assert np.allclose([long, long + added], expected, atol=0.1)
    assert none == pytest.approx([0, 0])


@pytest.mark.parametrize("sources", [1, 2])
def test_the_ngram_branch_computes_what_was_fitted(sources: int):
    generator = np.random.default_rng(4)
    rows = [np.flatnonzero(generator.random(3) < 0.6).astype(np.int32) + 1 for _ in range(60)]
    labels, source = generator.integers(0, 2, 60), np.arange(60) % sources
    train = Reviews([np.ones(1, np.int32)] * 60, rows, labels, source)
    weights, intercepts = fit_ngrams(train, NETWORK)
    assert weights[:, 1].any() == (sources == 2)  # one source needs no second table
    built = network.build(NETWORK, 3)
    network.set_ngrams(built, weights, intercepts)
    of_short = weights @ [1, np.exp(-1 / 64)]
    expected = [of_short[ids - 1].sum() / max(1, len(ids)) ** 0.5 for ids in train.ngrams]
    found = network.logits(network.branches(built), train, NETWORK.pool)[:, 1]
    assert np.ptp(expected) > 0.1
    assert np.allclose(found, expected + intercepts @ [1, np.exp(-1 / 64)], atol=1e-5)


def test_training_leaves_the_ngrams_and_the_weights_of_the_branches_alone(model: keras.Model):
    reading = {"word_vectors", "phrases", "lstm_states", "lstm_logit"}
    trained = network.trained(model, ("reviews", "short"))
    assert {weight.path.split("/")[0] for weight in trained.trainable_weights} == reading
    ids = {"reviews": np.array([[2, 3, 4, 5]]), "short": np.array([[5, 2], [3, 4]])}
    found, branches = trained.predict_on_batch(ids), network.branches(model)
    for name, words in ids.items():
        both = branches.predict_on_batch({"words": words, "ngrams": np.ones((len(words), 1), int)})
        assert np.allclose(found[name], both[:, :1], atol=1e-6)
