"""Texts in any encoding and tables in any format: read, or refused in one line that says what to do."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import StageError
from stages.datasets import user_files

FRENCH = "Il était une fois, dans un château près de la forêt, une élève où ça n’était guère gai : « Noël »"
RUSSIAN = "Жил-был старик со старухой у синего моря; они жили в ветхой землянке ровно тридцать лет."
JAPANESE = "むかしむかし、あるところに、おじいさんとおばあさんが住んでいました。ある日、川へ洗濯に行きました。"
CHINESE = "从前有一个小村子，村子里的人都很高兴，他们在河边种地，晚上一起唱歌，这是一个好地方，大家不想走。"


def refused(content: bytes, name: str = "book.txt") -> str:
    with pytest.raises(StageError) as caught:
        user_files.table(content, name)
    told = str(caught.value)
    assert len(told.splitlines()) == 1
    assert name in told
    assert len(told) < 400
    return told


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift-jis"),
    ],
)
def test_the_line_to_type_turns_the_file_into_what_was_written(tmp_path, text, encoding):
    """The guess may be another name of the encoding; what counts is that the line gives the text."""
    path = tmp_path / "my book.txt"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(StageError, match=r"is not UTF-8 text: see its byte \d+, in line 1; it may be") as caught:
        user_files.decode(path.read_bytes(), path)
    subprocess.run(str(caught.value).split("`")[1], shell=True, check=True)
    assert (tmp_path / "my book-utf8.txt").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_unicode_is_read_as_it_is_with_any_line_end(encoding):
    text = f"{FRENCH}\r\n{CHINESE}\r\n"
    assert user_files.decode(text.encode(encoding), "book.txt") == f"{FRENCH}\n{CHINESE}\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Once upon a time".encode("utf-16-le"), "NUL characters; it may be UTF-16LE: type `iconv -f UTF-16LE"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not UTF-8 text: see its byte 0, in line 1; save it as UTF-8"),
        (b" \n\t\n", "is empty"),
    ],
)
def test_what_is_no_text_is_said(content, told):
    assert told in refused(content)


FIELD = st.text(st.characters(exclude_characters='\0\r\n\t\ufeff"{', exclude_categories=["Cs"]), min_size=1, max_size=8)
ROWS = st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=5)


@given(ROWS, st.sampled_from(",;\t|"))
def test_a_table_is_read_with_any_delimiter(rows, delimiter):
    lines = [["a", "b", "c"], *rows]
    content = "\n".join(delimiter.join(f'"{field}"' for field in row) for row in lines).encode()
    table = user_files.table(content, "mine")
    assert list(table.columns) == ["a", "b", "c"]
    assert table.to_numpy().tolist() == rows
    assert list(table.index) == list(range(2, len(rows) + 2))


def test_a_tsv_with_quotation_marks_in_its_text():
    """As in the competition "Bag of Words Meets Bags of Popcorn": marks around each field, backslashes within."""
    content = b'id\tsentiment\treview\n"1_8"\t1\t"\\"War\\" is \\"great\\""\n2_1\t0\t"Good" they said\n'
    assert user_files.table(content, "mine")["review"].tolist() == ['"War" is "great"', '"Good" they said']


def test_json_lines():
    content = b'{"text": "NA", "label": true, "x": []}\n\n{"text": "a\\nb", "label": 1.0, "x": NaN}'
    table = user_files.table(content, "mine")
    assert table["text"].tolist() == ["NA", "a\nb"]
    assert table["label"].tolist() == ["true", "1.0"]
    assert table["x"].tolist() == ["", ""]  # neither text nor a number


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"text,label,text\na,0,b\n", "has two columns of one name: text, label, text"),
        (b'text,label\na,0\n"b\nc,1\n', "is not CSV: EOF inside string"),
        (b"text,label\na wonderful, great film,0\n", "is not CSV: Expected 2 fields in line 2, saw 3"),
        (b'{"text": "a"}\n["a"]\n', "row 2: not a JSON object"),
        (b'{"a":' + b"[" * 100_000, "row 1: not a JSON"),
    ],
)
def test_a_broken_table_is_refused(content, told):
    assert told in refused(content, "mine.csv")
