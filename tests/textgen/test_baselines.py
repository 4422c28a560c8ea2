import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.textgen.baselines import KneserNey, bzip2, discounts

VOCABULARY = 5
IDS = st.lists(st.integers(0, VOCABULARY - 1), min_size=12, max_size=80)


@settings(max_examples=50, deadline=None)
@given(IDS, st.lists(st.integers(0, VOCABULARY - 1), max_size=6))
def test_probabilities_of_all_next_characters_add_up_to_one(training, context):
    model = KneserNey(np.array(training), 4, VOCABULARY)
    rows = [model.probabilities(np.array([*context, last]), 0)[:, -1] for last in range(VOCABULARY)]
    assert np.sum(rows, axis=0) == pytest.approx(np.ones(4))
    assert np.min(rows) > 0


def test_bigram_by_hand():
    # abababac: so few counts that all discounts are one half
    training = np.array([0, 1, 0, 1, 0, 1, 0, 2])
    model = KneserNey(training, 2, 3)
    kinds = np.array([1, 1, 1])  # what comes before each character: {1}, {0} and {0}
    lower = (kinds - 0.5) / 3 + 3 * 0.5 / 3 / 3
    after_a = (np.array([0, 3, 1]) - [0, 0.5, 0.5]) / 4 + 2 * 0.5 / 4 * lower
    found = [model.probabilities(np.array([0, last]), 0)[1, -1] for last in range(3)]
    assert found == pytest.approx(after_a)


def test_discounts_follow_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 5, 3])
    share = 40 / (40 + 2 * 20)
    assert discounts(counts) == pytest.approx([0, 1 - 2 * share * 0.5, 2 - 3 * share * 0.5, 3 - 4 * share * 0.5])


def test_repeated_text_is_predicted():
    period = np.random.default_rng(0).integers(0, 20, 50)
    model = KneserNey(np.tile(period, 200), 5, 21)
    costs = -np.log(model.probabilities(np.tile(period, 3), 0)).mean(axis=1)
    assert costs[0] > 2
    assert costs[4] < 0.3


def test_bzip2_sees_the_training_text():
    training, fresh = ("".join(map(chr, np.random.default_rng(0).integers(97, 123, n))) for n in (20_000, 25_000))
    assert bzip2(training, fresh[20_000:]) > 0.95 * math.log(26)
    assert bzip2(training, training[:5000]) < 0.7 * math.log(26)
    noise = "".join(map(chr, np.random.default_rng(1).integers(97, 123, 890_000)))
    assert bzip2("earlier " * 9999 + noise, fresh) == bzip2(noise, fresh)  # wherever a block would have begun
