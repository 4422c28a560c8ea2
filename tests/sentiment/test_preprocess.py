import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.split import PARTS
from stages.params import Shares, load
from stages.sentiment.negation import pairs
from stages.sentiment.preprocess import names, sources, split, vocabulary
from tests.conftest import REPOSITORY

PARAMS = load(REPOSITORY / "params.yaml")
WORDS = st.lists(st.sampled_from(["a", "b", "c", "good", "bad"]), max_size=4)


def test_vocabulary_is_by_frequency_then_alphabet_with_names_last_and_without_single_words():
    reviews = [["olga", "b", "a", "c"], ["olga", "b", "a"], ["olga", "b", "once"], ["olga's"], ["olga's"]]
    assert vocabulary(reviews, {"olga"}) == (["b", "a", "olga", "olga's"], 2)


def test_names_are_what_is_mostly_capitalised_within_a_sentence():
    found = ["The film with Olga is good, and Olga is good.", "For me, a Good one, says olga, it is the end."]
    assert names(found) == {"olga"}


def test_a_small_or_one_sided_source_counts_with_the_largest(capsys):
    column = pd.Series(["a"] * 20 + ["b"] * 10 + ["c"] * 12 + ["d"] * 4)
    labels = np.array([0, 1] * 15 + [1] * 12 + [0, 1] * 2)
    kept, numbers = sources(column, labels)
    assert kept == ["a", "b"]
    assert list(numbers) == [0] * 20 + [1] * 10 + [0] * 16
    assert "fewer than 5 texts of a label: c, d" in capsys.readouterr().out


def parts_of(tokens: list[list[str]], limit: int | None = None, seed: int = 7, **columns) -> dict[str, np.ndarray]:
    table = {"label": np.arange(len(tokens)) % 2, "source": 0, "split": "train"} | columns
    held = PARAMS.split.model_copy(update={"reviews": Shares(validation=0.1, test=0.2)})
    data = PARAMS.data.model_copy(update={"limit": limit})
    params = PARAMS.model_copy(update={"seed": seed, "split": held, "data": data})
    return split(tokens, pd.DataFrame(table), params)


def reviews(count: int) -> list[list[str]]:
    return [[f"word{row}", "good"] for row in range(count)]


@pytest.mark.parametrize(("limit", "share"), [(None, 1), (60, 0.2)])
def test_each_source_is_split_by_itself(limit: int | None, share: float):
    source = np.repeat([0, 1], [200, 100])
    rows, alone = parts_of(reviews(300), limit, source=source), parts_of(reviews(200), limit and 40)
    for part, size in {"train": 70, "validation": 10, "test": 20}.items():
        assert list(np.bincount(source[rows[part]])) == [2 * size * share, size * share]
        assert list(rows[part][source[rows[part]] == 0]) == list(alone[part])


@given(st.lists(WORDS, min_size=30, max_size=60), st.integers(0, 99), st.booleans())
@settings(deadline=None)
def test_no_text_is_in_two_parts(tokens: list[list[str]], seed: int, official: bool):
    tokens = [*reviews(30), *tokens, *tokens]
    apart = ["test" if official and row % 5 == 0 else "train" for row in range(len(tokens))]
    labels = [row % 2 if row < 30 else len(review) % 2 for row, review in enumerate(tokens)]
    rows = parts_of(tokens, seed=seed, split=apart, label=labels)
    used = [" ".join(tokens[row]) for part in PARTS for row in rows[part]]
    assert len(used) == len(set(used)) == len({" ".join(review) for review in tokens})


def test_the_source_s_own_test_part_is_kept_and_takes_texts_from_training():
    tokens = reviews(100)
    tokens[90] = tokens[0]
    rows = parts_of(tokens, split=["train"] * 90 + ["test"] * 10)
    assert list(rows["test"]) == list(range(90, 100))
    assert 0 not in [*rows["train"], *rows["validation"]]
    assert len(rows["train"]) + len(rows["validation"]) == 89  # the share for testing goes to training


RATIOS = {"dreary": -2.0, "superb": 2.0, "dull": -1.5, "witty": 1.5, "very": 0.1}


def test_clauses_are_negated_with_the_other_label():
    texts = ["The script is dreary. It was superb!", "I said that, the plot was very dull, he was witty, and left."]
    # No last word of these decides, or an earlier one does too, or they are negated, or known.
    texts += ["It is not dreary. The dull plot is superb. It is blue. He never was dull. Nothing is superb."]
    clauses, labels = pairs(texts, RATIOS, {"it was blue"})
    assert [(" ".join(words), label) for words, label in zip(clauses, labels, strict=True)] == [
        ("the script is dreary", 0), ("the script is not dreary", 1),
        ("it was superb", 1), ("it was not superb", 0),
        ("the plot was very dull", 0), ("the plot wasn't very dull", 1),
        ("he was witty", 1), ("he wasn't witty", 0),
    ]  # fmt: skip
