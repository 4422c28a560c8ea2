"""Plays as plain scripts, and a user's own text: its documents, and Project Gutenberg's licence."""

import gzip

import pytest

from stages.core import artifacts
from stages.datasets import text
from stages.datasets.text import script
from tests.datasets.conftest import put

PLAY = r"""# The Test

## ACT I

### SCENE I. A room, &amp; c.

_Enter FOOL and KING,
with TIMON 's men_

**FOOL**~
A line—broken~
in two,'\--so.

_Exit KING_

And he goes on.

**KING & FOOL**~
_\[Aside]_~
No.

*Exeunt*
""".replace("~", "  ")  # two spaces: Markdown's line break


def test_play_becomes_a_plain_script():
    assert script(PLAY) == (
        "The Test\n\nACT I\n\nSCENE I. A room, &c.\n\n"
        + "[Enter FOOL and KING, with TIMON's men]\n\n"
        + "FOOL:\nA line--broken\nin two,'--so.\n[Exit KING]\nAnd he goes on.\n\n"
        + "KING & FOOL:\n[Aside]\nNo.\n\n[Exeunt]"
    )


@pytest.mark.parametrize(
    ("play", "plain"),
    [
        ("### SCENE II. A hall:\n\na trunk in it.\n\n_Dies_", "SCENE II. A hall: a trunk in it.\n\n[Dies]"),
        ("**X**  \n\\[Within]_  \nWho's there?", "X:\n[Within]\nWho's there?"),
    ],
)
def test_what_differs_from_play_to_play(play, plain):
    assert script(f"# A\n\n{play}") == f"A\n\n{plain}"


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        (b"One.\nTwo.\n", ["One.\nTwo."]),
        ("\ufeffOne.\r\nCafe\u0301.\r".encode(), ["One.\nCafé."]),
        (gzip.compress(b"One.\nTwo.\n", mtime=0), ["One.\nTwo."]),
        (b"First\n\f\nSecond\n\n\f \n\nThird", ["First", "Second", "Third"]),
    ],
)
def test_a_text_of_ones_own(workdir, set_source, content, documents):
    text.main(set_source("text", put(workdir / "book.txt", content)))
    assert artifacts.read_text(text.OUTPUT) == "\n\f\n".join(documents) + "\n"
    assert artifacts.read_json(text.PROVENANCE)["documents"] == len(documents)


BOOK = "The Tale\n\nOnce upon a time there was a tale.\n\nIt had an end."
HEAD = "The Project Gutenberg eBook of The Tale\n\nThis ebook is for the use of anyone anywhere.\n\nTitle: The Tale\n\n"
LICENCE = "\n\nUpdated editions will replace the previous one.\n\nSTART: FULL LICENSE\n\n1.A. By reading\n"
STARTS = (
    "*** START OF THE PROJECT GUTENBERG EBOOK THE TALE ***",
    "*** START OF THE PROJECT GUTENBERG EBOOK THE VERY LONG TITLE OF\nA TALE ***",
    "*END*THE SMALL PRINT! FOR ETEXTS*Ver.04.29.93*END*\nnotes\n*** START OF THE PROJECT GUTENBERG EBOOK A TALE ***",
)
ENDS = (
    "*** END OF THE PROJECT GUTENBERG EBOOK THE TALE ***",
    "End of Project Gutenberg’s The Tale, by Nobody",
    "End of Project Gutenberg's The Tale\n\n*** END OF THIS PROJECT GUTENBERG EBOOK THE TALE ***",
)


@pytest.mark.parametrize(
    ("start", "end"), [*((start, ENDS[0]) for start in STARTS), *((STARTS[0], end) for end in ENDS[1:])]
)
def test_the_licence_is_cut_off_and_counted(tmp_path, capsys, start, end):
    whole = f"{HEAD}{start}\n\n\n{BOOK}\n\n\n{end}{LICENCE}"
    loaded = text.load(put(tmp_path / "book.txt", whole.replace("\n", "\r\n")))
    assert loaded.documents == [BOOK]
    assert loaded.provenance["licence_cut"] == len(whole) - len(BOOK)
    assert "characters of Project Gutenberg's licence are cut off" in capsys.readouterr().out


@pytest.mark.parametrize("whole", [f"{HEAD}{STARTS[0]}\n{BOOK}", f"{BOOK}\nThis is the end of Project Gutenberg."])
def test_without_a_pair_of_markers_all_is_kept(tmp_path, whole):
    assert text.load(put(tmp_path / "book.txt", whole)).documents == [whole.strip("\n")]


def test_several_books_in_one_file_are_documents(tmp_path):
    books = [f"Book {number}\n\nText of book {number}." for number in range(3)]
    whole = "\n".join(f"{HEAD}{STARTS[0]}\n{book}\n{ENDS[-1]}\n{LICENCE}" for book in books)
    assert text.load(put(tmp_path / "all.txt", whole)).documents == books
