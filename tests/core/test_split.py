import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.core.split import every, split_rows, stratified


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(0, 99), st.none() | st.integers(1, 80))
def test_parts_are_disjoint_and_sorted(labels, seed, limit):
    labels = np.array(labels)
    rows = stratified(labels, validation=0.2, test=0.3, seed=seed, limit=limit)
    together = np.concatenate(list(rows.values()))
    assert len(set(together.tolist())) == len(together) <= len(labels)
    assert all((np.diff(part) > 0).all() for part in rows.values())
    if limit is None:
        assert len(together) == len(labels)
    for label in np.unique(labels):
        if (labels == label).sum() >= 3:
            assert all((labels[part] == label).any() for part in rows.values())


OFFICIAL = np.r_[np.zeros(600, bool), np.ones(400, bool)]
MIXED = np.arange(1000) % 4


def test_a_test_half_stays_whole_and_apart_and_a_limit_shrinks_both_halves_alike():
    rows = split_rows(MIXED, OFFICIAL, validation=0.1, test=0.2, seed=7)
    assert rows["test"].tolist() == np.flatnonzero(OFFICIAL).tolist()
    assert sorted([*rows["train"], *rows["validation"]]) == np.flatnonzero(~OFFICIAL).tolist()
    assert len(rows["validation"]) == 60
    rows = split_rows(MIXED, OFFICIAL, validation=0.1, test=0.2, seed=7, limit=100)
    assert OFFICIAL[rows["test"]].all()
    assert len(rows["test"]) == 40
    assert len(rows["train"]) + len(rows["validation"]) == 60
    assert np.bincount(MIXED[rows["test"]]).tolist() == [10] * 4


@given(total=st.integers(1, 3000), count=st.integers(1, 500))
def test_every_spreads_rows_evenly(total: int, count: int) -> None:
    rows = every(total, count)
    assert len(rows) == min(total, count) == len(set(rows))
    assert rows[0] == 0 and rows[-1] < total
    if len(rows) > 1:
        assert np.diff(rows).max() - np.diff(rows).min() <= 1
