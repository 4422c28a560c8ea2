import numpy as np
import pytest

from stages.evaluation import measures


def test_the_interval_of_a_normal_mean():
    values = np.random.default_rng(2).normal(5, 2, size=400)
    low, high = measures.interval(values, seed=7)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)
    assert measures.interval(values, seed=7) == [low, high]


def test_the_interval_of_a_share_does_not_collapse():
    # Wilson's bounds for 10 of 10: 1 / (1 + z² / n)
    low, high = measures.share_interval(np.ones(10, bool))
    assert (low, high) == (pytest.approx(1 / (1 + 1.959964**2 / 10)), 1)
