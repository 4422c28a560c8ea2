"""Reviews from a package, a table, a folder or an archive become one table: text, label, split, source."""

import bz2
import gzip
import json

import pytest

from stages.core import artifacts
from stages.datasets import reviews, sources
from stages.datasets.tidy import tidy
from tests.datasets.conftest import put, put_reviews, refused, tar


def test_imdb_rows_come_first_then_the_sentences_each_in_order(workdir, set_source, monkeypatch):
    content = b"text,label,source\nGood!,1,imdb\nshort,0,rotten_tomatoes\nBad.,0,imdb\nNA,1,rotten_tomatoes\n"
    monkeypatch.setattr(
        sources, "package_files", lambda *_, **__: ({reviews.MEMBER: content}, {"source": "", "sha256": ""})
    )
    reviews.main(set_source("reviews", "packaged.txt"))
    table = artifacts.read_csv(reviews.OUTPUT)
    assert table["text"].tolist() == ["Good!", "Bad.", "short", "NA"]
    assert table["label"].tolist() == [1, 0, 0, 1]
    assert table["source"].tolist() == ["imdb", "imdb", "rotten_tomatoes", "rotten_tomatoes"]
    assert set(table["split"]) == {"train"}
    assert artifacts.read_json(reviews.PROVENANCE)["reviews_by_source"] == {"imdb": 2, "rotten_tomatoes": 2}


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\x96b\x85c \x93d\x94", "a–b…c “d”"),  # Windows-1252 read as Latin-1
        ("R&#345;&amp;B cafe&#769;", "Rř&B café"),
        ("half \ud83d an emoji", "half \ufffd an emoji"),
    ],
)
def test_texts_are_tidied(raw: str, clean: str):
    assert tidy(raw) == clean


KAGGLE = 'review,sentiment\n"One of the other<br /><br />reviewers, ""they""",positive\nBasically a mess,negative\n'


def test_the_csv_of_imdb_that_circulates_most(tmp_path, capsys):
    loaded = reviews.load(put(tmp_path / "IMDB Dataset.csv", KAGGLE))
    assert loaded.texts == ['One of the other<br /><br />reviewers, "they"', "Basically a mess"]
    assert loaded.labels == [1, 0]
    told = "IMDB Dataset.csv is read as table with the reviews in 'review' and negative/positive in 'sentiment'"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("pair", [("Negative", "POSITIVE"), (False, True), (-1, 1)])
def test_columns_and_labels_by_any_of_their_names_in_any_format(tmp_path, pair):
    columns = "REVIEW", "Sentiment"
    rows = [{"id": 7, columns[0]: "Good", columns[1]: pair[1]}, {"id": 8, columns[0]: "Bad", columns[1]: pair[0]}]
    contents = ["\n".join(map(json.dumps, rows))]
    for mark in ",;\t":
        contents.append("\n".join(mark.join(map(str, line)) for line in [rows[0], *(row.values() for row in rows)]))
    for content in contents:  # the name says nothing
        loaded = reviews.load(put(tmp_path / "mine.csv", content))
        assert (loaded.texts, loaded.labels) == (["Good", "Bad"], [1, 0])


def test_columns_split_and_source(workdir, set_source):
    table = 'text,label,split,Source,stars\n"Good,\nreally",1,train,my  shop,9\nNA,0,train,0,2\n'
    table += "7,1,test,0,7\nBad,0,test,0,1\n"
    reviews.main(set_source("reviews", put(workdir / "mine.csv", table)))
    raw = artifacts.read_csv(reviews.OUTPUT, text=["text"])
    assert raw["text"].tolist() == ["Good, really", "NA", "7", "Bad"]
    assert raw["label"].tolist() == [1, 0, 1, 0]
    assert raw["split"].tolist() == ["train", "train", "test", "test"]
    assert raw["source"].tolist() == ["my shop", "0", "0", "0"]
    reviews.main(set_source("reviews", put(workdir / "mine.csv", "text,label\nG,1\nB,0\n")))
    raw = artifacts.read_csv(reviews.OUTPUT)
    assert (raw["source"].tolist(), raw["split"].tolist()) == (["reviews"] * 2, ["train"] * 2)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("text,review,label\na,b,1\n", "should have one column for the text, .*; it has text, review"),
        ("text,label\na,1\nb,3\nc,5\n", "the labels in 'label' should be two, 0/1, .*; they are 1, 3, 5"),
        ("text,label\na,0\nb,1\nc,\n", "row 4: the label is empty; write one or delete the row"),
        ("text,label,split\na,0,train\nb,1,train\nc,1,test\n", "should have both labels with each split"),
        ('{"text": "a", "label": 0}\n{"text": ["b"], "label": 1}', "row 2: the text is empty"),
    ],
)
def test_what_is_unclear_is_refused_in_one_line(tmp_path, content, told):
    refused(reviews.load, put(tmp_path / "mine.csv", content), told)


ORDER = [f"{place} {n}<br />& so on" for place in ("train/pos", "train/neg", "test/pos", "test/neg") for n in (0, 10)]


def test_a_folder_as_aclimdb_and_its_archive_are_the_same(tmp_path):
    folder = put_reviews(tmp_path / "aclImdb")
    for name in ("train/pos/._0_7.txt", "train/pos/notes.md", "README"):
        put(folder / name, b"\xff")
    odd = b"caf\xe9\n.txt".decode("utf-8", "surrogateescape")
    put(folder / "test/neg" / odd, "Odd")
    loaded = reviews.load(folder)
    assert loaded.texts == [*ORDER, "Odd"]
    assert loaded.labels == [1, 1, 0, 0] * 2 + [0]
    assert loaded.test == [False] * 4 + [True] * 5
    archived = reviews.load(tar(folder, tmp_path / "any name"))
    assert archived[:4] == loaded[:4]
    put(folder / "test/neg/0_7.txt", "changed")
    assert reviews.load(folder).provenance["sha256"] != loaded.provenance["sha256"]


def test_an_archive_that_is_damaged_or_cut_off_is_refused_whole(tmp_path):
    packed = tar(put_reviews(tmp_path / "good"), tmp_path / "good.tar.gz").read_bytes()
    plain = gzip.decompress(packed)
    for content in (
        packed[:-100],
        packed[:-1],
        packed[:-8] + bytes(8),
        plain[:12_000],
        plain[:16_000],
        bz2.compress(plain),
    ):
        refused(reviews.load, put(tmp_path / "bad", content), r"bad is not a whole (gzip file|\.tar or \.tar\.gz)")


def test_texts_with_both_labels_are_counted(tmp_path, capsys):
    reviews.load(put(tmp_path / "mine.csv", "text,label\na,0\na,1\nb,1\nb,1\n"))
    assert "1 texts stand there with both labels; the first one counts" in capsys.readouterr().out
