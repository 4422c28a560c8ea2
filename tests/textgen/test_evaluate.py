import numpy as np
import pytest

from stages.textgen import model as network
from stages.textgen import samples
from stages.textgen.evaluate import PASSAGE, WORKED, branches, orders, passages, worked_example
from stages.textgen.tables import Size


@pytest.mark.parametrize("length", [1, 999, PASSAGE, 2 * PASSAGE, 2 * PASSAGE + 1])
def test_passages_are_the_means_of_neighbours(length):
    nats = np.arange(length, dtype=float)
    found = passages(nats)
    assert len(found) == max(1, length // PASSAGE)
    assert found[0] == nats[:PASSAGE].mean()
    assert found[-1] == nats[: length // PASSAGE * PASSAGE or length][-PASSAGE:].mean()


def test_orders_hold_every_curve():
    costs = {"validation": np.array([[3.0, 1], [1, 1]]), "test": np.array([[4.0, 2], [1, 2]])}
    rows = orders(costs, {"validation": 0.5, "test": 0.75})
    assert {"order": 1, "method": "Kneser-Ney, validation", "nats": 2.0} in rows
    assert {"order": 2, "method": "Kneser-Ney, test", "nats": 1.5} in rows
    assert {"order": 2, "method": "text model, test", "nats": 0.75} in rows
    assert len(rows) == 8


def test_shares_of_words_hold_each_temperature():
    measures = [{"temperature": t, "known_words": 1 - t / 10, "distinct_1": t, "distinct_2": 2 * t} for t in (0.1, 0.2)]
    rows = samples.shares_of_words(measures, 0.95)
    assert len(rows) == 8
    assert {"temperature": 0.1, "method": "known, test text", "share": 0.95} in rows
    assert {"temperature": 0.2, "method": "different pairs", "share": 0.4} in rows


class Fixed:
    """A model of five characters: sure of the next one, but open where the text has character 2."""

    def predict_on_batch(self, ids: np.ndarray) -> np.ndarray:
        logits = np.zeros((*ids.shape, 5))
        logits[..., 1] = 9.0
        logits[ids == 2] = [0, 1, 1.2, 0.9, 1.1]
        return logits


def test_the_worked_example_is_the_first_open_place():
    ids = np.ones(300, int)
    ids[[50, 150, 200]] = 2
    context, rows = worked_example(Fixed(), ids, "?ab\n ")
    assert len(context["context"]) == 151
    assert context["context"].endswith("ab")
    assert context["next"] == "a"
    assert [row["temperature"] for row in rows[::6]] == list(WORKED)
    for start in range(0, len(rows), 6):
        assert sum(row["probability"] for row in rows[start : start + 6]) == pytest.approx(1)
    assert [row["character"] for row in rows[:4]] == ["b", "space", "a", "line break"]
    likeliest = [row["probability"] for row in rows[::6]]
    assert likeliest == sorted(likeliest, reverse=True)  # sharper when cold


def test_where_no_place_is_open_the_most_open_one_is_taken():
    context, rows = worked_example(Fixed(), np.ones(120, int), "?ab\n ")
    assert rows[0]["character"] == "a"
    assert len(context["context"]) == 101
    worked_example(Fixed(), np.ones(3, int), "?ab\n ")  # a text of three characters


def test_each_branch_is_measured_by_itself():
    costs = np.random.default_rng(0).exponential(1.0, (3, 20 * PASSAGE)) + np.array([[1], [2], [3]])
    shape = network.Shape(6, 3, [4], [Size(0, 1), Size(5, 3)])
    model = network.TextModel(network.build(shape, weights=(0.6, 0.4)), shape, "", 0)
    found = branches(model, costs, seed=7)
    assert found["lstm"]["weight"] == 0.6
    assert found["ngrams"]["nats"] == pytest.approx(4, abs=0.05)
    low, high = found["ngrams"]["nats_minus_whole_interval"]
    assert 1.9 < low < 2 < high < 2.1
    shape = network.Shape(6, 3, [4])
    assert list(branches(network.TextModel(network.build(shape), shape, "", 0), costs[:2], seed=7)) == ["lstm"]
