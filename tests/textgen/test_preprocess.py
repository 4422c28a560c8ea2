import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import Documents, Shares, Textgen
from stages.textgen import preprocess
from stages.textgen.characters import UNKNOWN, decode, encode, vocabulary_of
from stages.textgen.preprocess import FEW, SEPARATOR, Parts, doubt_about, shortened, split

SETTINGS = Textgen.model_construct(
    documents=Documents(validation=["Play 2"], test=["Play 5", "Play 7"]), holdout=Shares(validation=0.1, test=0.2)
)
PLAYS = [f"Play {number}\n\nX:\nOnly here is the word number{number}.\n" for number in range(FEW)]
WORDS = "the a of king queen sea and he she walked sang saw old night morning ship house river went to in"
TERMS = "LICENSEE 1.F.3. SHALL (C) PARAGRAPH 501(C)(3) WARRANTIES, DAMAGES; 99,712 FEE: REFUND/REPLACEMENT 20%"


@given(st.text(min_size=1), st.text(min_size=1))
def test_decode_undoes_encode_but_for_characters_that_training_text_lacks(text, other):
    vocabulary = vocabulary_of(text)
    assert decode(encode(text, vocabulary), vocabulary) == text
    unknown = [number == 0 for number in encode(other, vocabulary)]
    assert unknown == [character not in set(text) - {UNKNOWN} for character in other]


def test_whole_documents_are_held_out():
    parts = split(PLAYS, SETTINGS)
    assert parts.validation == PLAYS[2]
    assert parts.test == PLAYS[5] + SEPARATOR + PLAYS[7]
    assert parts.train.split(SEPARATOR) == [play for number, play in enumerate(PLAYS) if number not in (2, 5, 7)]


def test_unknown_title_is_named_with_those_there_are():
    settings = SETTINGS.model_copy(update={"documents": Documents(validation=["Play 2"], test=["Play 5x"])})
    with pytest.raises(StageError, match=r"'Play 5x'.*Play 4"):
        split(PLAYS, settings)


def test_titles_of_another_text_give_way_to_the_shares(capsys):
    stories = [f"Story {number}\n{'word ' * 20}" for number in range(FEW)]
    parts = split(stories, SETTINGS)
    assert "".join(parts) == SEPARATOR.join(stories)
    assert abs(len(parts.test) / len(SEPARATOR.join(stories)) - 0.2) < 0.001
    assert "none of textgen.documents is in this text" in capsys.readouterr().out


@pytest.mark.parametrize("limit", [100, 50_000, 10**9, None])
def test_limit_keeps_the_beginning_of_every_document(limit):
    documents = [f"Play {number}\n" + "word " * 1000 * (number + 1) for number in range(FEW)]
    short = shortened(documents, limit)
    assert all(whole.startswith(part) and len(part) >= 200 for whole, part in zip(documents, short, strict=True))
    assert (short == documents) if limit is None else (sum(map(len, short)) <= max(limit, 200 * FEW))


def prose(seed: int, characters: int, words: str = WORDS) -> str:
    """Sentences of random words in lines of about 60 characters."""
    chosen = np.random.default_rng(seed).choice(words.split(), characters // 2)
    lines = (" ".join(chosen[start : start + 14]) for start in range(0, len(chosen), 14))
    return "\n".join(lines)[:characters]


def doubt(train: str, test: str) -> str:
    vocabulary = vocabulary_of(train)
    return doubt_about(Parts(*(encode(part, vocabulary) for part in (train, train[-2000:], test))), vocabulary)


def test_a_test_part_of_another_kind_is_warned_of(workdir, params, capsys):
    assert doubt(prose(0, 40_000), prose(1, 5000).replace("k", "κ")).startswith("the test part does not look like")
    artifacts.write_text(preprocess.RAW, prose(0, 40_000) + "\n" + prose(1, 6000, TERMS))
    preprocess.main(params)
    assert "warning: the test part does not look like the training text" in capsys.readouterr().out


def test_a_part_of_the_same_text_is_not():
    assert [doubt(prose(seed, 20_000), prose(seed + 100, 2000)) for seed in range(3)] == [""] * 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("x" * 5000, "has one character only, 'x', over and over"),
        ("ac" * 2250 + "b" * 500, "no character of the test part occurs in the training text"),
        ("abc", "is too short"),
    ],
)
def test_a_text_with_nothing_to_learn_is_refused(workdir, params, content, told):
    artifacts.write_text(preprocess.RAW, content)
    with pytest.raises(StageError, match=told):
        preprocess.main(params)
