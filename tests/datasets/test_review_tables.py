import json

import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import review_tables, reviews
from stages.sentiment import preprocess
from tests.datasets.conftest import put

KAGGLE = 'review,sentiment\n"One of the other<br /><br />reviewers, ""they""",positive\nBasically a mess,negative\n'


def test_the_csv_of_imdb_that_circulates_most(tmp_path, capsys):
    loaded = reviews.load(put(tmp_path / "IMDB Dataset.csv", KAGGLE))
    assert loaded.texts == ['One of the other<br /><br />reviewers, "they"', "Basically a mess"]
    assert loaded.labels == [1, 0]
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert "IMDB Dataset.csv is read as CSV with the reviews in 'review' and negative/positive in 'sentiment'" in told
    assert "2 reviews, 1 of them positive, none set apart for testing" in told


@pytest.mark.parametrize("text", [*review_tables.TEXT, "Text", "REVIEW"])
@pytest.mark.parametrize("label", [*review_tables.LABEL, "Label", "SENTIMENT"])
def test_columns_by_any_of_their_names(tmp_path, text, label):
    loaded = reviews.load(put(tmp_path / "mine.csv", f"id,{label},{text}\n7,1,Good\n8,0,Bad\n"))
    assert (loaded.texts, loaded.labels) == (["Good", "Bad"], [1, 0])


@pytest.mark.parametrize(("negative", "positive"), [*review_tables.LABELS, ("Negative", "POSITIVE"), (" neg ", "pos")])
def test_labels_by_any_of_their_names(tmp_path, negative, positive):
    assert reviews.load(put(tmp_path / "a.csv", f"text,label\nG,{positive}\nB,{negative}\n")).labels == [1, 0]
    assert reviews.load(put(tmp_path / "a.tsv", f"label\ttext\n{positive}\tG\n{negative}\tB\n")).labels == [1, 0]


@pytest.mark.parametrize("labels", [(False, True), (0, 1), (-1, 1), ("neg", "pos")])
def test_json_lines_with_labels_of_any_kind(tmp_path, labels):
    lines = [json.dumps({"stars": 1, "label": label, "text": "a\nb"}) for label in labels]
    loaded = reviews.load(put(tmp_path / "mine.jsonl", "\n".join(lines)))
    assert (loaded.texts, loaded.labels) == (["a b", "a b"], [0, 1])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("text,review,label\na,b,1\n", "has several columns that may be the text: text, review; rename all but one"),
        ("text,Label,sentiment\na,1,1\n", "several columns that may be the label: Label, sentiment"),
        ("words,label\na,1\n", "should have a column of the text, named text, .* or comment; it has words, label"),
        ("Good film,1\nBad film,0\n", "should have a column of the text, .* it has Good film, 1"),
        ("text;label\nGood;1\nBad;0\n", "its fields are separated by ';': write them with commas"),
        ("text,label\na,1\nb,3\nc,5\n", "labels in 'label' are 1, 3, 5, as of stars; make two classes of them"),
        ("text,label\na,1\nb,5\n", "labels in 'label' are 1, 5, as of stars"),
        ("text,label\na,neg\nb,neutral\nc,pos\n", r"3 different labels .* 'neutral' \(first in line 3\), 'pos'"),
        ("text,label\na,0\nb,positive\n", "2 different labels in 'label': '0'"),
        ("text,label\na,0\nb,1\nc,\n", "line 4: the label is empty; write one or delete the row"),
        ('text,label\n"a\nb",0\nc, \n', "line 4: the label is empty"),
        ("text,label\na,0\n&nbsp;,1\n", "line 3: the review is empty"),
        ("text,label,split\na,0,train\nb,1,train\nc,1,test\n", "one label only with the split test"),
        ("text,label,split\na,0,train\nb,1,\n", "line 3: the split is ''"),
        ("text,label,source\na,0,here\nb,1, \n", "line 3: the source is empty; name one in every row or in none"),
        ("text,label\na,0\n" + "x" * 1_000_001 + ",1\n", "line 3: the review has 1,000,001 characters"),
        ("text,label\n" + "".join(f"a,{number}\n" for number in range(11, 5000)), "4,989 different labels"),
        (",".join(f"column{number}" for number in range(5000)) + "\n", r"column7, \.\.\. \(5,000 in all\)"),
    ],
)
def test_what_is_unclear_is_refused_in_one_line(tmp_path, content, told):
    with pytest.raises(StageError, match=told) as caught:
        reviews.load(put(tmp_path / "mine.csv", content))
    assert len(str(caught.value).splitlines()) == 1
    assert "mine.csv" in str(caught.value)
    assert len(str(caught.value)) < 700


def test_reviews_that_are_all_numbers_stay_text(workdir, set_source):
    rows = "".join(f"{number:03} {number % 7},{number % 2}\n" for number in range(100))
    params = set_source("reviews", put(workdir / "mine.csv", "text,label\n" + rows.replace(" ", "")))
    reviews.main(params)
    assert artifacts.read_csv(reviews.OUTPUT, text=["text"])["text"][7] == "0070"
    with pytest.raises(StageError, match="no word occurs in 2 of the training reviews"):  # words they are, and read
        preprocess.main(params)


def test_a_column_source_says_where_rows_come_from(workdir, set_source):
    reviews.main(set_source("reviews", put(workdir / "mine.csv", "text,label,Source\nG,1,my  shop\nB,0,0\n")))
    assert artifacts.read_csv(reviews.OUTPUT)["source"].tolist() == ["my shop", "0"]
    assert artifacts.read_json(reviews.PROVENANCE)["reviews_by_source"] == {"my shop": 1, "0": 1}
    reviews.main(set_source("reviews", put(workdir / "mine.csv", "text,label\nG,1\nB,0\n")))
    assert artifacts.read_csv(reviews.OUTPUT)["source"].tolist() == ["reviews", "reviews"]
