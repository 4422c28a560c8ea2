import keras
import numpy as np
import pytest

from stages.textgen import model as network
from stages.textgen import ngrams, tables
from stages.textgen.characters import log_softmax

VOCABULARY = 11
SHAPE = network.Shape(VOCABULARY, 5, [6])


@pytest.fixture(scope="module", params=[(5, 1), (5, 4), (None, 1)], ids=["embedding", "n-grams", "one-hot"])
def model(request):
    keras.utils.set_random_seed(1)
    embedding, order = request.param
    made = tables.tables(ngrams.KneserNey(ids(2000), order, VOCABULARY), order, 1000) if order > 1 else []
    shape = network.Shape(VOCABULARY, embedding, [9, 7], [table.size for table in made])
    model = network.build(shape)
    tables.fill(model, made)
    return network.TextModel(model, shape, "", 0)


def ids(length, seed=0):
    return np.random.default_rng(seed).integers(1, VOCABULARY, length).astype(np.int32)


def test_one_hot_input_is_the_identity():
    model = network.build(network.Shape(VOCABULARY, None, [4]))
    assert np.array_equal(model.layers[1](np.arange(VOCABULARY)), np.eye(VOCABULARY))
    assert len(model.trainable_variables) == 5  # three of the LSTM, two of the last layer


def test_reading_bit_by_bit_equals_reading_at_once(model):
    text = np.stack([ids(40), ids(40, 1)])
    reader = network.reader(model.network, model.shape, 2)
    parts = [reader.predict_on_batch(text[:, start:stop]) for start, stop in ((0, 1), (1, 17), (17, 40))]
    assert np.concatenate(parts, axis=1) == pytest.approx(model.network.predict_on_batch(text), abs=1e-5)


def test_forgetting_starts_afresh(model):
    reader = network.reader(model.network, model.shape, 1)
    first = reader.predict_on_batch(ids(20)[None])
    network.forget(reader)
    assert np.array_equal(reader.predict_on_batch(ids(20)[None]), first)
    assert not np.array_equal(reader.predict_on_batch(ids(20)[None]), first)


def test_costs_equals_reading_the_whole_text(model):
    text = ids(500)
    logits = model.network.predict_on_batch(np.r_[3, text[:-1]][None])[0]
    costs = -log_softmax(logits)[np.arange(500), text]
    (nats,), hits = network.costs(network.reader(model.network, model.shape, 1), text, 3)
    # before the text, `start` is read repeatedly: this affects only the first characters
    assert nats[60:] == pytest.approx(costs[60:], abs=3e-3)
    assert (hits[60:] == (logits.argmax(-1) == text)[60:]).mean() > 0.99


@pytest.mark.parametrize("length", [3, 31, 700])
def test_costs_does_not_depend_on_how_the_text_is_cut(model, length):
    text = ids(length)
    one, many = (network.costs(network.reader(model.network, model.shape, streams), text, 3)[0] for streams in (1, 8))
    assert one == pytest.approx(many, abs=1e-3)
    assert one.min() > 0


def test_passages_start_afresh_and_go_on_between():
    keras.utils.set_random_seed(2)
    model = network.build(SHAPE, batch=1, passage=2)
    plain = network.build(SHAPE)
    network.copy_weights(model, plain)
    text = ids(40)[None]
    parts = [model(text[:, start : start + 10], training=True).numpy() for start in range(0, 40, 10)]
    for half in (0, 1):
        whole = plain.predict_on_batch(text[:, half * 20 : half * 20 + 20])
        assert np.concatenate(parts[2 * half : 2 * half + 2], axis=1) == pytest.approx(whole, abs=1e-5)


def test_dropout_hides_states_in_training_alone():
    model = network.build(SHAPE, dropout=0.5, batch=1)
    first, second = (model(ids(20)[None], training=False).numpy() for _ in range(2))
    network.forget(model)
    assert np.array_equal(model(ids(20)[None], training=False), first)
    network.forget(model)
    assert not np.allclose(model(ids(20)[None], training=True), first)
    assert first.shape == second.shape


def test_hashes_are_of_the_context_alone():
    text = np.array([[7, 1, 2, 3, 1, 2, 3, 4]], np.int32)
    single, pairs, triples = (np.array(keys)[0] for keys in tables.hashes(text, 2, 3))
    assert len(single) == len(pairs) == len(triples) == 6  # the first two characters are the past of the third
    assert pairs[0] == pairs[3] and pairs[1] == pairs[4]
    assert triples[1] == triples[4]
    assert len(set(single)) == 4 and len(set(pairs)) == 4 and len(set(triples)) == 5


def test_hashes_do_not_overflow():
    text = np.random.default_rng(0).integers(0, 30_000, (4, 200))
    for whole, narrow in zip(tables.hashes(text, 7, 8), tables.hashes(text.astype(np.int32), 7, 8), strict=True):
        assert np.array_equal(whole, narrow)
        assert whole.min() >= 0 and whole.max() < 2**31
        assert tables.fingerprints(whole).max() < 2**24
