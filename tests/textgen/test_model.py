import keras
import numpy as np
import pytest

from stages.textgen import model as network
from stages.textgen import tables
from stages.textgen.baselines import KneserNey
from stages.textgen.characters import log_softmax

VOCABULARY = 11
SHAPE = network.Shape(VOCABULARY, 5, [6])


def with_ngrams(text, order, contexts, vocabulary, embedding=3, units=(4,)):
    """A text model whose n-grams are those of `text`, and the n-grams themselves."""
    counted = KneserNey(text, order, vocabulary)
    made = tables.tables(counted, order, contexts)
    sizes = [(len(table.index), len(table.continuations)) for table in made]
    shape = network.Shape(vocabulary, embedding, units, sizes)
    model = network.build(shape, weights=(0.25, 0.75))
    tables.fill(model, made)
    return network.TextModel(model, shape, "", 0), counted


@pytest.fixture(scope="module", params=["embedding", "n-grams", "one-hot"])
def model(request):
    keras.utils.set_random_seed(1)
    if request.param == "n-grams":
        return with_ngrams(ids(2000), 4, 1000, VOCABULARY, 5, [9, 7])[0]
    shape = network.Shape(VOCABULARY, 5 if request.param == "embedding" else None, [9, 7])
    return network.TextModel(network.build(shape), shape, "", 0)


def ids(length, seed=0):
    return np.random.default_rng(seed).integers(1, VOCABULARY, length).astype(np.int32)


def test_reading_bit_by_bit_equals_reading_at_once(model):
    text = np.stack([ids(40), ids(40, 1)])
    reader = network.reader(model.network, model.shape, 2)
    for _ in range(2):
        parts = [reader.predict_on_batch(text[:, start:stop]) for start, stop in ((0, 1), (1, 17), (17, 40))]
        assert np.concatenate(parts, axis=1) == pytest.approx(model.network.predict_on_batch(text), abs=1e-5)
        network.forget(reader)


def test_costs_equals_reading_the_whole_text(model):
    text = ids(500)
    logits = model.network.predict_on_batch(np.r_[3, text[:-1]][None])[0]
    costs = -log_softmax(logits)[np.arange(500), text]
    (nats,), hits = network.costs(network.reader(model.network, model.shape, 1), text, 3)
    # before the text, `start` is read repeatedly: this affects only the first characters
    assert nats[60:] == pytest.approx(costs[60:], abs=3e-3)
    assert (hits[60:] == (logits.argmax(-1) == text)[60:]).mean() > 0.99


@pytest.mark.parametrize("length", [3, 700])
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


@pytest.mark.parametrize("order", [1, 2, 6])
def test_tables_give_what_the_counts_give_and_the_model_is_the_weighted_product(order):
    text = np.random.default_rng(order).integers(0, 3, 400) + np.arange(400) % 3
    model, counted = with_ngrams(text, order, 10_000, 6)
    held_out = np.r_[text[50:90], np.random.default_rng(9).integers(0, 6, 60)]
    reader = network.reader(model.network, model.shape, 1, parts=True)
    (_, _, nats), _ = network.costs(reader, held_out, 0)
    expected = -np.log(counted.probabilities(held_out, 0)[order - 1])
    assert nats[order:] == pytest.approx(expected[order:], abs=1e-4)
    whole, lstm, grams = reader.predict_on_batch(text[None, :50].astype(np.int32))
    assert whole == pytest.approx(0.25 * lstm + 0.75 * grams, abs=1e-5)


def test_of_too_many_contexts_those_that_tell_most_have_rows():
    text = np.r_[np.tile([1, 2], 50), np.tile([3, 4], 20), [5, 0]]
    model, counted = with_ngrams(text, 2, 2, 6)
    reader = network.reader(model.network, model.shape, 1, parts=True)
    kept, dropped = reader.predict_on_batch(np.array([[1, 5]], np.int32))[2][0]
    probabilities = np.array([counted.probabilities(np.array([1, n]), 0)[:, 1] for n in range(6)])
    assert np.exp(kept) == pytest.approx(probabilities[:, 1], abs=1e-4)
    unigrams = tables.tables(counted, 2, 2)[0].continuations[0]
    assert np.exp(dropped) == pytest.approx(unigrams, abs=1e-4)


def test_a_text_that_was_not_counted_stays_within_the_tables():
    text, held_out = (np.random.default_rng(seed).integers(0, 6, length) for seed, length in ((4, 20_000), (5, 3_000)))
    model, counted = with_ngrams(text, 7, 5_000, 6)
    (_, _, nats), _ = network.costs(network.reader(model.network, model.shape, 4, parts=True), held_out, 0)
    assert np.isfinite(nats).all()
    assert nats.mean() < -np.log(counted.probabilities(held_out, 0)[6]).mean() + 0.01
