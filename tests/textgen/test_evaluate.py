import numpy as np
import pytest

from stages.textgen.evaluate import PASSAGE, orders, passages, shares_of_words


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
    assert {"order": 2, "method": "LSTM, test", "nats": 0.75} in rows
    assert len(rows) == 8


def test_shares_of_words_hold_each_temperature():
    measures = [{"temperature": t, "known_words": 1 - t / 10, "distinct_1": t, "distinct_2": 2 * t} for t in (0.1, 0.2)]
    rows = shares_of_words(measures)
    assert len(rows) == 6
    assert {"temperature": 0.2, "method": "different pairs", "share": 0.4} in rows
