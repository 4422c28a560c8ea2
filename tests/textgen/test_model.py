import keras
import numpy as np
import pytest

from stages.textgen import model as network

VOCABULARY = 11


@pytest.fixture(scope="module", params=[5, None], ids=["embedding", "one-hot"])
def model(request):
    keras.utils.set_random_seed(1)
    return network.build(VOCABULARY, request.param, [9, 7])


def ids(length, seed=0):
    return np.random.default_rng(seed).integers(1, VOCABULARY, length).astype(np.int32)


def test_one_hot_input_is_the_identity():
    model = network.build(VOCABULARY, None, [4])
    assert np.array_equal(model.layers[1](np.arange(VOCABULARY)), np.eye(VOCABULARY))
    assert len(model.trainable_variables) == 5  # three of the LSTM, two of the last layer


def test_reading_bit_by_bit_equals_reading_at_once(model):
    text = np.stack([ids(40), ids(40, 1)])
    reader = network.reader(model, 2)
    parts = [reader.predict_on_batch(text[:, start:stop]) for start, stop in ((0, 1), (1, 17), (17, 40))]
    assert np.concatenate(parts, axis=1) == pytest.approx(model.predict_on_batch(text), abs=1e-5)


def test_forgetting_starts_afresh(model):
    reader = network.reader(model, 1)
    first = reader.predict_on_batch(ids(20)[None])
    network.forget(reader)
    assert np.array_equal(reader.predict_on_batch(ids(20)[None]), first)
    assert not np.array_equal(reader.predict_on_batch(ids(20)[None]), first)


def test_score_equals_reading_the_whole_text(model):
    text = ids(500)
    logits = model.predict_on_batch(np.r_[3, text[:-1]][None])[0]
    costs = -network.log_softmax(logits)[np.arange(500), text]
    nats, hits = network.score(network.reader(model, 1), text, 3)
    # before the text, `start` is read over and over: only the first characters can tell
    assert nats[60:] == pytest.approx(costs[60:], abs=3e-3)
    assert (hits[60:] == (logits.argmax(-1) == text)[60:]).mean() > 0.99


@pytest.mark.parametrize("length", [3, 31, 700])
def test_score_does_not_depend_on_how_the_text_is_cut(model, length):
    text = ids(length)
    one, many = (network.score(network.reader(model, streams), text, 3)[0] for streams in (1, 8))
    assert one == pytest.approx(many, abs=1e-3)
    assert one.min() > 0


def test_passages_start_afresh_and_go_on_between():
    keras.utils.set_random_seed(2)
    model = network.build(VOCABULARY, 5, [6], batch=1, passage=2)
    plain = network.build(VOCABULARY, 5, [6])
    network.copy_weights(model, plain)
    text = ids(40)[None]
    parts = [model(text[:, start : start + 10], training=True).numpy() for start in range(0, 40, 10)]
    for half in (0, 1):
        whole = plain.predict_on_batch(text[:, half * 20 : half * 20 + 20])
        assert np.concatenate(parts[2 * half : 2 * half + 2], axis=1) == pytest.approx(whole, abs=1e-5)


def test_log_softmax_does_not_overflow():
    found = network.log_softmax(np.array([[1e4, 0, -1e4]]))
    assert found.tolist() == [[0, -1e4, -2e4]]
