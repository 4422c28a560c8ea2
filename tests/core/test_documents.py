import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import documents


@given(st.lists(st.text("ab \n", min_size=1).map(lambda text: text.strip("\n")).filter(str.strip), min_size=1))
def test_documents_that_were_joined_are_split_again(parts):
    assert documents.split(documents.join(parts)) == parts


@pytest.mark.parametrize("line", ["\f", " \f\t", "\f  "])
def test_a_line_of_white_space_and_a_form_feed_separates(line):
    assert documents.split(f"one\n{line}\ntwo") == ["one", "two"]
