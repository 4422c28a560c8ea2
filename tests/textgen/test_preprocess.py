import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.core.errors import StageError
from stages.params import Documents, Shares, Textgen
from stages.textgen.characters import UNKNOWN, decode, encode, vocabulary_of
from stages.textgen.preprocess import FEW, SEPARATOR, shortened, split

SETTINGS = Textgen.model_construct(
    documents=Documents(validation=["Play 2"], test=["Play 5", "Play 7"]), holdout=Shares(validation=0.1, test=0.2)
)
PLAYS = [f"Play {number}\n\nX:\nOnly here is the word number{number}.\n" for number in range(FEW)]


@given(st.text(min_size=1))
def test_decode_undoes_encode(text):
    vocabulary = vocabulary_of(text)
    assert decode(encode(text, vocabulary), vocabulary) == text


@given(st.text(min_size=1), st.text(min_size=1))
def test_characters_not_in_training_text_are_unknown(text, other):
    ids = encode(other, vocabulary_of(text))
    assert [number == 0 for number in ids] == [character not in set(text) - {UNKNOWN} for character in other]


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
    plays = [f"Story {number}\n{'word ' * 20}" for number in range(FEW)]
    parts = split(plays, SETTINGS)
    assert "".join(parts) == SEPARATOR.join(plays)
    assert abs(len(parts.test) / len(SEPARATOR.join(plays)) - 0.2) < 0.001
    assert "none of textgen.documents is in this text" in capsys.readouterr().out


def test_few_documents_are_cut_in_order():
    text = "".join(chr(ord("a") + number % 26) for number in range(1000))
    parts = split([text], SETTINGS)
    assert parts.train + parts.validation + parts.test == text
    assert (len(parts.validation), len(parts.test)) == (100, 200)


def test_text_too_short_for_three_parts_is_refused():
    with pytest.raises(StageError, match="too short"):
        split(["abc"], SETTINGS)


@pytest.mark.parametrize("limit", [100, 50_000, 10**9])
def test_limit_keeps_the_beginning_of_every_document(limit):
    documents = [f"Play {number}\n" + "word " * 1000 * (number + 1) for number in range(FEW)]
    short = shortened(documents, limit)
    assert all(whole.startswith(part) and len(part) >= 200 for whole, part in zip(documents, short, strict=True))
    assert sum(map(len, short)) <= max(limit, 200 * FEW)
    assert split(short, SETTINGS).test


def test_no_limit_keeps_everything():
    assert shortened(PLAYS, None) == PLAYS


def test_ids_fit_the_vocabulary():
    vocabulary = vocabulary_of("hello\n")
    ids = encode("hello, world\n", vocabulary)
    assert ids.dtype == np.int32
    assert ids.max() == len(vocabulary) - 1
    assert decode(ids, vocabulary) == f"hello{UNKNOWN}{UNKNOWN}{UNKNOWN}o{UNKNOWN}l{UNKNOWN}\n"


def test_a_document_cannot_be_both_validation_and_test():
    with pytest.raises(ValidationError, match="under validation and under test: Play 3"):
        Documents(validation=["Play 2", "Play 3"], test=["Play 3"])
