import gzip
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts
from stages.datasets import digits, reviews, text
from tests.datasets.conftest import IMAGES, LABELS, put, put_digits, put_reviews, tar


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_under_each_of_their_names(tmp_path, mark, suffix):
    loaded = digits.load(put_digits(tmp_path, mark, suffix))
    np.testing.assert_array_equal(loaded.images, IMAGES)
    np.testing.assert_array_equal(loaded.labels, LABELS)
    assert loaded.test.tolist() == [False] * 30 + [True] * 10
    assert loaded.provenance["official_test"] == 10
    assert len(loaded.provenance["sha256"]) == 4


@pytest.mark.parametrize("half", ["train", "t10k"])
def test_one_half_alone_is_no_test_half(tmp_path, half):
    loaded = digits.load(put_digits(tmp_path, halves=(half,)))
    assert len(loaded.images) == {"train": 30, "t10k": 10}[half]
    assert not loaded.test.any()


def test_the_plain_file_goes_before_the_gzipped_one(tmp_path):
    put_digits(tmp_path)
    put(tmp_path / "train-images-idx3-ubyte.gz", gzip.compress(b"an older download"))
    assert len(digits.load(tmp_path).images) == 40


@pytest.mark.parametrize(
    ("content", "documents"),
    [
        (b"One.\nTwo.\n", ["One.\nTwo."]),
        ("\ufeffOne.\r\nTwo.\r".encode(), ["One.\nTwo."]),
        (b"First\n\f\nSecond\n\n\f \n\nThird", ["First", "Second", "Third"]),
        (b"\f\nOnly\n\f\n\n\f\n", ["Only"]),
        (b"Page 1\n\fPage 2", ["Page 1\n\fPage 2"]),
        ("Il était une fois…".encode(), ["Il était une fois…"]),
    ],
    ids=["plain", "Windows", "documents", "empty documents", "page breaks", "accents"],
)
def test_a_text_of_ones_own(tmp_path, content, documents):
    loaded = text.load(put(tmp_path / "book.txt", content))
    assert loaded.documents == documents
    assert loaded.provenance["documents"] == len(documents)


def test_documents_are_told_apart_by_preprocess_too(workdir, set_source):
    text.main(set_source("text", put(workdir / "book.txt", b"First\n\f\nSecond\r\n\f\r\nThird\n")))
    assert artifacts.read_text(text.OUTPUT) == "First\n\f\nSecond\n\f\nThird\n"


ORDER = [f"{place} {n}<br />& so on" for place in ("train/pos", "train/neg", "test/pos", "test/neg") for n in (0, 10)]


def test_reviews_in_a_folder_as_aclimdb(tmp_path):
    loaded = reviews.load(put_reviews(tmp_path))
    assert loaded.texts == ORDER
    assert loaded.labels == [1, 1, 0, 0] * 2
    assert loaded.test == [False] * 4 + [True] * 4
    assert loaded.provenance["reviews"] == 8
    assert loaded.provenance["positive"] == loaded.provenance["official_test"] == 4


@pytest.mark.parametrize("halves", [("",), ("train/",), ("test/",)])
def test_a_folder_without_two_halves_has_no_test_half(tmp_path, halves):
    loaded = reviews.load(put_reviews(tmp_path, halves))
    assert loaded.labels == [1, 1, 0, 0]
    assert not any(loaded.test)


def test_the_order_is_not_the_file_systems(tmp_path, monkeypatch):
    loaded = reviews.load(put_reviews(tmp_path))
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: sorted(listed(folder), reverse=True))
    assert reviews.load(tmp_path) == loaded


def test_files_that_are_no_reviews_are_left_out(tmp_path):
    put_reviews(tmp_path)
    for name in ("train/pos/._0_7.txt", "train/pos/notes.md", "train/labeledBow.feat", "README"):
        put(tmp_path / name, b"\xff")
    (tmp_path / "train/pos/folder").mkdir()
    assert reviews.load(tmp_path).texts == ORDER


def test_the_archive_holds_what_the_folder_holds(tmp_path):
    folder = put_reviews(tmp_path / "aclImdb")
    archived = reviews.load(tar(folder, tmp_path / "aclImdb_v1.tar.gz"))
    for name, value in reviews.load(folder)._asdict().items():
        if name != "provenance":
            assert getattr(archived, name) == value
    assert archived.provenance["sha256"] == reviews.load(folder).provenance["sha256"]


def test_the_hash_tells_a_changed_review(tmp_path):
    before = reviews.load(put_reviews(tmp_path)).provenance["sha256"]
    put(tmp_path / "test/neg/0_7.txt", "test/neg 0<br />&amp; so\nOn")
    assert reviews.load(tmp_path).provenance["sha256"] != before


def test_reviews_in_a_table(tmp_path):
    table = 'text,label,split,stars\n"Good,\nreally",1,train,9\nNA,0,train,2\nFine,1,test,7\nBad,0,test,1\n'
    loaded = reviews.load(put(tmp_path / "mine.csv", table))
    assert loaded.texts == ["Good, really", "NA", "Fine", "Bad"]
    assert loaded.labels == [1, 0, 1, 0]
    assert loaded.test == [False, False, True, True]
    assert not any(reviews.load(put(tmp_path / "mine.csv", "label,text\n1,Good\n0,Bad\n")).test)


@pytest.mark.parametrize("dataset", ["digits", "text", "reviews"])
def test_provenance_tells_source_hash_licence_and_count(workdir, set_source, dataset):
    module, build = {
        "digits": (digits, put_digits),
        "text": (text, lambda path: put(path, "Some text")),
        "reviews": (reviews, put_reviews),
    }[dataset]
    build(Path("mine"))
    module.main(set_source(dataset, "mine"))
    told = artifacts.read_json(module.PROVENANCE)
    assert told["source"] == "mine"  # as it was given: no path of this machine
    assert {"dataset", "sha256", "licence"} <= set(told)
    assert told[{"digits": "images", "text": "characters", "reviews": "reviews"}[dataset]] > 0
