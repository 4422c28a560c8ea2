import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.core.split import PARTS
from stages.params import Shares
from stages.sentiment.preprocess import Texts, names, sources, split, vocabulary

SHARES = Shares(validation=0.1, test=0.2)
WORDS = st.lists(st.sampled_from(["a", "b", "c", "good", "bad"]), max_size=4)


def test_vocabulary_is_by_frequency_then_alphabet_with_names_last_and_without_single_words():
    reviews = [["olga", "b", "a", "c"], ["olga", "b", "a"], ["olga", "b", "once"], ["olga's"], ["olga's"]]
    assert vocabulary(reviews, {"olga"}) == (["b", "a", "olga", "olga's"], 2)


def test_names_are_what_is_mostly_capitalised_within_a_sentence():
    found = ["The film with Olga is good, and Olga is good.", "For me, a Good one, says olga, it is the end."]
    assert names(found) == {"olga"}


def test_a_small_or_one_sided_source_counts_with_the_largest(capsys):
    column = ["a"] * 20 + ["b"] * 10 + ["c"] * 12 + ["d"] * 4
    labels = np.array([0, 1] * 15 + [1] * 12 + [0, 1] * 2)
    kept, numbers = sources(column, labels)
    assert kept == ["a", "b"]
    assert list(numbers) == [0] * 20 + [1] * 10 + [0] * 16
    assert "source 'c' has fewer than 5 texts of a label" in capsys.readouterr().out


def test_each_source_is_split_by_itself():
    tokens, labels = reviews(300)
    source = np.repeat([0, 1], [200, 100])
    rows = split(texts(tokens, labels)._replace(source=source), SHARES, 7, None)
    assert {part: list(np.bincount(source[rows[part]])) for part in PARTS} == {
        "train": [140, 70], "validation": [20, 10], "test": [40, 20]
    }  # fmt: skip
    alone = split(texts(tokens[:200], labels[:200]), SHARES, 7, None)
    assert all(list(rows[part][source[rows[part]] == 0]) == list(alone[part]) for part in PARTS)


def texts(tokens: list[list[str]], labels: np.ndarray) -> Texts:
    return Texts(tokens, labels, np.zeros(len(labels), int), np.zeros(len(labels), bool))


def reviews(count: int) -> tuple[list[list[str]], np.ndarray]:
    return [[f"word{row}", "good"] for row in range(count)], np.arange(count) % 2


@given(st.lists(WORDS, min_size=30, max_size=60), st.integers(0, 99), st.booleans())
def test_no_text_is_in_two_parts(tokens: list[list[str]], seed: int, official: bool):
    unique, _ = reviews(30)
    tokens = [*unique, *tokens, *tokens]
    labels = np.array([len(review) % 2 for review in tokens])
    labels[:30] = np.arange(30) % 2
    official_test = [official and row % 5 == 0 for row in range(len(tokens))]
    rows = split(Texts(tokens, labels, np.zeros(len(labels), int), np.array(official_test)), SHARES, seed, None)
    used = [" ".join(tokens[row]) for part in PARTS for row in rows[part]]
    assert len(used) == len(set(used)) == len({" ".join(review) for review in tokens})


def test_shares_and_classes():
    tokens, labels = reviews(1000)
    rows = split(texts(tokens, labels), SHARES, 7, None)
    assert {part: len(rows[part]) for part in PARTS} == {"train": 700, "validation": 100, "test": 200}
    assert all(labels[rows[part]].mean() == 0.5 for part in PARTS)


def test_the_source_s_own_test_part_is_kept_and_takes_texts_from_training():
    tokens, labels = reviews(100)
    tokens[90] = tokens[0]
    rows = split(texts(tokens, labels)._replace(official_test=np.arange(100) >= 90), SHARES, 7, None)
    assert list(rows["test"]) == list(range(90, 100))
    assert 0 not in [*rows["train"], *rows["validation"]]
    assert len(rows["train"]) + len(rows["validation"]) == 89  # the share for testing goes to training


def test_limit_takes_about_so_many_of_both_classes():
    tokens, labels = reviews(1000)
    rows = split(texts(tokens, labels), SHARES, 7, 100)
    used = np.concatenate([rows[part] for part in PARTS])
    assert len(used) == 100
    assert labels[used].mean() == 0.5
