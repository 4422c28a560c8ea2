import numpy as np
import pytest

from stages.textgen import model as network
from stages.textgen import tables
from stages.textgen.ngrams import KneserNey


def in_a_model(text: np.ndarray, order: int, contexts: int, vocabulary: int):
    """A text model whose n-grams are those of `text`, and the n-gram model itself."""
    counted = KneserNey(text, order, vocabulary)
    made = tables.tables(counted, order, contexts)
    shape = network.Shape(vocabulary, 3, [4], [table.size for table in made])
    model = network.build(shape, weights=(0.25, 0.75))
    tables.fill(model, made)
    return network.TextModel(model, shape, "", 0), counted


def parts(model: network.TextModel, batch: int):
    """A reader with the outputs of the whole, of its LSTM and of its n-grams."""
    return network.reader(model.network, model.shape, batch, parts=True)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_tables_give_what_the_counts_give(order):
    text = np.random.default_rng(order).integers(0, 3, 400) + np.arange(400) % 3
    model, counted = in_a_model(text, order, 10_000, 6)
    held_out = np.r_[text[50:90], np.random.default_rng(9).integers(0, 6, 60)]
    (_, _, nats), _ = network.costs(parts(model, 1), held_out, 0)
    expected = -np.log(counted.probabilities(held_out, 0)[order - 1])
    assert nats[order:] == pytest.approx(expected[order:], abs=1e-4)


def test_the_model_is_the_weighted_product_of_its_parts():
    text = np.random.default_rng(1).integers(0, 6, 300)
    model, _ = in_a_model(text, 3, 100, 6)
    whole, lstm, grams = parts(model, 1).predict_on_batch(text[None, :50].astype(np.int32))
    assert whole == pytest.approx(0.25 * lstm + 0.75 * grams, abs=1e-5)
    assert np.exp(grams).sum(axis=-1) == pytest.approx(np.ones((1, 50)), abs=1e-5)
    assert network.weights_of(model.network) == (0.25, 0.75)


def test_of_too_many_contexts_those_that_tell_most_have_rows():
    text = np.r_[np.tile([1, 2], 50), np.tile([3, 4], 20), [5, 0]]
    made = tables.tables(KneserNey(text, 2, 6), 2, 3)
    assert [len(table.continuations) for table in made] == [1, 4]
    rows = set(made[1].index[:, tables.PLACES :].ravel().astype(int)) - {0}
    assert rows == {1, 2, 3}
    model, counted = in_a_model(text, 2, 2, 6)
    logits = model.network.predict_on_batch(np.array([[1, 5]], np.int32))[0]
    kept, dropped = parts(model, 1).predict_on_batch(np.array([[1, 5]], np.int32))[2][0]
    probabilities = np.array([counted.probabilities(np.array([1, n]), 0)[:, 1] for n in range(6)])
    assert np.exp(kept) == pytest.approx(probabilities[:, 1], abs=1e-4)
    assert np.exp(dropped) == pytest.approx(made[0].continuations[0], abs=1e-4)
    assert np.isfinite(logits).all()


def test_all_lengths_share_the_rows():
    counted = KneserNey(np.random.default_rng(0).integers(0, 6, 5000), 5, 6)
    known = sum(len(counted.level(n, 5).contexts) for n in range(2, 6))
    for contexts in (10, 100, 10_000):
        rows = [len(table.continuations) - 1 for table in tables.tables(counted, 5, contexts)[1:]]
        assert sum(rows) == min(contexts, known)


def test_a_large_alphabet_has_fewer_rows(monkeypatch):
    monkeypatch.setattr("stages.textgen.tables.NUMBERS", 140)
    made = tables.tables(KneserNey(np.arange(300) % 6, 3, 6), 3, 65_536)
    assert sum(len(table.continuations) - 1 for table in made[1:]) == 12


def test_of_contexts_with_the_same_hash_one_has_a_row(monkeypatch):
    monkeypatch.setattr(tables, "hashes", lambda whole, past, longest: [whole[:, past:] * 0] * longest)
    text = np.random.default_rng(3).integers(0, 6, 300)
    for table in tables.tables(KneserNey(text, 3, 6), 3, 100)[1:]:
        assert np.sum(table.index[:, : tables.PLACES] >= 0) == 1


def test_a_reading_of_any_text_stays_within_the_tables():
    text = np.random.default_rng(4).integers(0, 6, 20_000)
    model, counted = in_a_model(text, 7, 5_000, 6)
    held_out = np.random.default_rng(5).integers(0, 6, 3_000)
    (_, _, nats), _ = network.costs(parts(model, 4), held_out, 0)
    expected = -np.log(counted.probabilities(held_out, 0)[6])
    assert np.isfinite(nats).all()
    assert nats.mean() < expected.mean() + 0.01
