import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts
from stages.datasets import gutenberg, text
from tests.datasets.conftest import put

BOOK = "The Tale\n\nOnce upon a time there was a tale.\n\nIt had an end."
HEAD = "The Project Gutenberg eBook of The Tale\n\nThis ebook is for the use of anyone anywhere.\n\nTitle: The Tale\n\n"
LICENCE = "\n\nUpdated editions will replace the previous one.\n\nSTART: FULL LICENSE\n\n1.A. By reading\n"
STARTS = {
    "today": "*** START OF THE PROJECT GUTENBERG EBOOK THE TALE ***",
    "this": "*** START OF THIS PROJECT GUTENBERG EBOOK THE TALE ***",
    "no blank": "***START OF THE PROJECT GUTENBERG EBOOK THE TALE***",
    "broken in two": "*** START OF THE PROJECT GUTENBERG EBOOK THE VERY LONG TITLE OF\nA TALE ***",
    "etext": "*** START OF THE PROJECT GUTENBERG ETEXT THE TALE ***",
    "small letters": "*** start of this project gutenberg ebook the tale ***",
    "small print": "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
    "later small print": "*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02.11.02*END*",
}
ENDS = {
    "today": "*** END OF THE PROJECT GUTENBERG EBOOK THE TALE ***",
    "this": "*** END OF THIS PROJECT GUTENBERG EBOOK THE TALE ***",
    "no blank": "***END OF THE PROJECT GUTENBERG EBOOK THE TALE***",
    "apostrophe": "End of Project Gutenberg's The Tale, by Nobody",
    "curly apostrophe": "End of Project Gutenberg’s The Tale, by Nobody",
    "of": "End of the Project Gutenberg EBook of The Tale, by Nobody",
    "this etext": "End of this Project Gutenberg Etext of The Tale",
    "both": "End of Project Gutenberg's The Tale\n\n*** END OF THIS PROJECT GUTENBERG EBOOK THE TALE ***",
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("finish", [str, lambda content: "\ufeff" + content.replace("\n", "\r\n")], ids=["LF", "CRLF"])
def test_the_book_alone_is_left(tmp_path, capsys, start, end, finish):
    whole = f"{HEAD}{start}\n\n\n{BOOK}\n\n\n{end}{LICENCE}"
    loaded = text.load(put(tmp_path / "book.txt", finish(whole)))
    assert loaded.documents == [BOOK]
    cut = loaded.provenance["boilerplate"]
    assert cut["before"] == len(HEAD) + len(start)
    assert cut["after"] == len(end) + len(LICENCE)
    told = capsys.readouterr().out.splitlines()[0]
    assert (
        f"licence and notes are cut off: {cut['before']:,} characters before the text, {cut['after']:,} behind" in told
    )


def test_what_is_cut_is_in_the_provenance(workdir, set_source):
    text.main(set_source("text", put(workdir / "a.txt", f"{HEAD}{STARTS['today']}\n{BOOK}\n{ENDS['today']}{LICENCE}")))
    assert artifacts.read_text(text.OUTPUT) == BOOK + "\n"
    assert artifacts.read_json(text.PROVENANCE)["boilerplate"]["after"] > 100


@pytest.mark.parametrize(
    ("whole", "kept", "told"),
    [
        (f"{HEAD}{STARTS['today']}\n{BOOK}", None, "start marker and no end marker: all of it is kept"),
        (f"{BOOK}\n{ENDS['apostrophe']}\n{LICENCE}", BOOK, "0 characters before the text"),
        (f"{STARTS['today']}\n{ENDS['today']}\n{LICENCE}", None, "nothing stands between"),
        (f"{BOOK}\nWe spoke of the end of Project Gutenberg.\n", None, ""),
        (f"{BOOK}\n*** START: FULL LICENSE ***\nTHE FULL PROJECT GUTENBERG LICENSE\n", None, ""),
        (BOOK, None, ""),
    ],
)
def test_markers_that_are_not_a_pair(whole, kept, told):
    found = gutenberg.cut(whole)
    assert found.texts == [kept or whole]
    assert told in found.note if told else not found.note


def test_the_small_print_and_a_start_marker_after_it():
    whole = f"{HEAD}{STARTS['small print']}\nnotes\n{STARTS['this']}\n{BOOK}\n{ENDS['both']}\n{LICENCE}"
    assert gutenberg.cut(whole).texts == [BOOK]


def test_several_books_in_one_file_are_documents(tmp_path):
    books = [f"Book {number}\n\nText of book {number}." for number in range(3)]
    whole = "\n".join(f"{HEAD}{STARTS['today']}\n{book}\n{ENDS['both']}\n{LICENCE}" for book in books)
    loaded = text.load(put(tmp_path / "all.txt", whole))
    assert loaded.documents == books
    cut = loaded.provenance["boilerplate"]
    assert len(whole) - cut["before"] - cut["after"] <= sum(map(len, books)) + 2 * len(books)


@given(st.lists(st.sampled_from([*STARTS.values(), *ENDS.values(), HEAD, LICENCE, BOOK, "x", ""]), max_size=8))
def test_any_order_of_markers_leaves_a_text(pieces):
    whole = "\n".join(pieces)
    found = gutenberg.cut(whole)
    assert found.texts
    assert all(text in whole for text in found.texts)
    assert found.before >= 0 and found.after >= 0
    assert found.before + found.after <= len(whole)
    assert any(text.strip() for text in found.texts) or not whole.strip()
