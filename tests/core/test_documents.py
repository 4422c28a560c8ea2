import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import documents
from tests.conftest import REPOSITORY


@given(st.lists(st.text("ab \n", min_size=1).map(lambda text: text.strip("\n")).filter(str.strip), min_size=1))
def test_documents_that_were_joined_are_split_again(parts):
    assert documents.split(documents.join(parts)) == parts


@pytest.mark.parametrize("line", ["\f", " \f\t", "\f  "])
def test_a_line_of_white_space_and_a_form_feed_separates(line):
    assert documents.split(f"one\n{line}\ntwo") == ["one", "two"]


def test_the_separator_is_written_down_once():
    found = [
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "stages").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == documents.SEPARATOR
    ]
    assert found == ["stages/core/documents.py"]
