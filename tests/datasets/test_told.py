"""Whatever is accepted is told in one line: what it was taken for, how many rows, which classes, which split."""

import json

import pytest

from stages.datasets import digits, reviews, text
from tests.datasets.conftest import IMAGES, LABELS, put, put_digits, put_reviews, tar
from tests.datasets.test_digit_sources import npz, table
from tests.datasets.test_pictures import HALVES, put_pictures

ROWS = [("good", 1), ("fine", 1), ("bad", 0), ("poor", 0)]


def csv_pair(folder):
    put(folder / "train.csv", table(IMAGES[:30], LABELS[:30]))
    put(folder / "test.csv", table(IMAGES[30:], LABELS[30:]))
    return folder


ALL, APART = "none set apart for testing", "10 of them set apart for testing"
TOLD = {
    "IDX": (digits, put_digits, f"IDX files named as MNIST: 40 images, 10 classes, {APART}"),
    "IDX, .gz": (
        digits,
        lambda path: put_digits(path, suffix=".gz"),
        f"IDX files named as MNIST, gzipped: 40 images, 10 classes, {APART}",
    ),
    "IDX, dotted": (
        digits,
        lambda path: put_digits(path, "."),
        f"IDX files named as MNIST: 40 images, 10 classes, {APART}",
    ),
    "one half of IDX": (
        digits,
        lambda path: put_digits(path, halves=("train",)),
        f"IDX files named as MNIST: 30 images, 10 classes, {ALL}",
    ),
    "npz": (
        digits,
        lambda path: npz(path.with_suffix(".npz")),
        f"the arrays x_train, y_train, x_test and y_test: 40 images, 10 classes, {APART}",
    ),
    "CSV": (
        digits,
        lambda path: put(path.with_suffix(".csv"), table()),
        f"a CSV of labels and 784 grey values (no header, the label first): 40 images, 10 classes, {ALL}",
    ),
    "two CSV": (
        digits,
        csv_pair,
        "train.csv as a CSV of labels and 784 grey values (no header, the label first); test.csv as a CSV of labels "
        f"and 784 grey values (no header, the label first): 40 images, 10 classes, {APART}",
    ),
    "pictures": (
        digits,
        lambda path: put_pictures(path, halves=HALVES, names=lambda label: "ab"[label % 2]),
        f"JPEG, PNG and BMP pictures in a folder of each class: 40 images, 2 classes (a, b), {APART}",
    ),
    "CSV of reviews": (
        reviews,
        lambda path: put(path.with_suffix(".csv"), "text,label\n" + "".join(f"{t},{n}\n" for t, n in ROWS)),
        f"CSV with the reviews in 'text' and 0/1 in 'label': 4 reviews, 2 of them positive, {ALL}",
    ),
    "TSV of reviews": (
        reviews,
        lambda path: put(path.with_suffix(".tsv"), "label\treview\n" + "".join(f"{n}\t{t}\n" for t, n in ROWS)),
        f"TSV with the reviews in 'review' and 0/1 in 'label': 4 reviews, 2 of them positive, {ALL}",
    ),
    "JSONL of reviews": (
        reviews,
        lambda path: put(
            path.with_suffix(".jsonl"), "".join(json.dumps({"text": t, "label": n}) + "\n" for t, n in ROWS)
        ),
        f"JSON Lines with the reviews in 'text' and 0/1 in 'label': 4 reviews, 2 of them positive, {ALL}",
    ),
    "folder of reviews": (
        reviews,
        put_reviews,
        "folder of reviews laid out as aclImdb, 1 other files in it ignored: 8 reviews, 4 of them positive, "
        "4 of them set apart for testing",
    ),
    "archive of reviews": (
        reviews,
        lambda path: tar(put_reviews(path), path.with_suffix(".tar.gz")),
        "archive of reviews laid out as aclImdb, 1 other files in it ignored: 8 reviews, 4 of them positive, "
        "4 of them set apart for testing",
    ),
    "text": (text, lambda path: put(path.with_suffix(".txt"), "Some text.\n"), "text: 1 documents, 10 characters"),
}


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_accepted_is_told_in_one_line(tmp_path, kind, capsys):
    module, make, told = TOLD[kind]
    path = make(tmp_path / "mine")
    module.load(path)
    assert capsys.readouterr().out == f"data.{module.DATASET.name}: {path} is read as {told}\n"
