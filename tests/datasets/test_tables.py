import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import StageError
from stages.datasets import own, tables

FIELD = st.text(st.characters(exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]), max_size=8)
ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), min_size=1, max_size=6)
)


def written(rows: list[list[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def parsed(content: bytes, suffix: str = ".csv") -> tables.Table:
    return tables.parse(content, f"mine{suffix}", suffix)


@given(ROWS, st.sampled_from([(",", ".csv"), ("\t", ".tsv")]))
def test_what_was_written_is_read(rows, form):
    header = [f"column {number}" for number in range(len(rows[0]))]
    delimiter, suffix = form
    table = parsed(written([header, *rows], delimiter), suffix)
    assert (table.columns, table.rows) == (header, rows)
    assert table.lines[0] == 2


@given(ROWS)
def test_json_lines_are_read(rows):
    header = [f"column {number}" for number in range(len(rows[0]))]
    lines = [json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows]
    assert parsed("\n".join(lines).encode(), ".jsonl").rows == rows


@given(ROWS, st.integers(0, 5), st.booleans())
def test_a_row_of_another_length_is_named_by_its_line(rows, place, more):
    place %= len(rows)
    header = [f"column {number}" for number in range(len(rows[0]))]
    rows[place] = [*rows[place], "x"] if more else rows[place][1:]
    if not rows[place]:
        return
    line = 2 + place + sum(field.count("\n") for row in rows[:place] for field in row)
    with pytest.raises(StageError) as caught:
        parsed(written([header, *rows]))
    assert str(caught.value).startswith(f"mine.csv, line {line}: {len(rows[place])} fields, but the header has ")


@given(st.binary(max_size=200), st.sampled_from(list(tables.FORMATS)))
def test_any_bytes_are_a_table_or_are_refused_in_one_line(content, suffix):
    try:
        table = parsed(content, suffix)
        assert {len(row) for row in table.rows} <= {len(table.columns)}
    except StageError as error:
        assert len(str(error).splitlines()) == 1
        assert f"mine{suffix}" in str(error)


def test_the_one_column_off_is_refused():
    with pytest.raises(StageError, match=r"mine\.csv, line 2: 3 fields, but the header has 2 \(text, label\)"):
        parsed(b"text,label\na wonderful, great film,0\n")


@pytest.mark.parametrize(
    ("suffix", "content", "told"),
    [
        (".csv", b"text,label,text\na,0,b\n", "has two columns of the name 'text'"),
        (".csv", b"text, text\na,b\n", "has two columns of the name 'text'"),
        (".csv", b'text,label\n"a"b,0\n', "is not CSV: line 2"),
        (".csv", b'text,label\na,0\n"b\nc,1\n', "is not CSV: line 3"),
        (".csv", b"text,label\na\0b,0\n", "holds NUL characters"),
        (".csv", b"text,label\n" + b"x" * (tables.LONGEST + 1) + b",0\n", "is not CSV: line 2: field larger than"),
        (".tsv", b"text\tlabel\na\tb\t0\n", r"mine\.tsv, line 2: 3 fields"),
        (".jsonl", b'{"text": "a"}\n{"label": 1}\n', "line 2: no key 'text', which the first line has"),
        (".jsonl", b'{"text": "a", "text": "b"}\n', "line 1: a key occurs twice"),
        (".jsonl", b'\n["a"]\n', "line 2: not a JSON object"),
        (".jsonl", b'{"text": "a"}\n{"text": \n', "line 2: not JSON"),
        (".jsonl", b"[" * 100_000, "line 1: not JSON"),
        (".jsonl", b'{"text": ' + b"1" * 5000 + b"}", "line 1: not JSON"),
    ],
)
def test_a_broken_table_is_refused_by_its_line(suffix, content, told):
    with pytest.raises(StageError, match=told) as caught:
        parsed(content, suffix)
    assert len(str(caught.value)) < 300


def test_a_tsv_with_quotation_marks_in_its_text():
    """As in the competition "Bag of Words Meets Bags of Popcorn": marks around each field, backslashes within."""
    content = b'id\tsentiment\treview\n"1_8"\t1\t"\\"War\\" is \\"great\\""\n2_1\t0\t"Good" they said\n'
    assert parsed(content, ".tsv").rows == [["1_8", "1", '"War" is "great"'], ["2_1", "0", '"Good" they said']]


def test_a_sparse_table_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "sparse.csv"
    with open(path, "wb") as file:
        file.truncate(own.LARGEST_TEXT + 1)
    with pytest.raises(StageError, match=r"sparse\.csv has 268,435,457 bytes; at most 268,435,456 are allowed"):
        tables.read(path)
