"""Reviews laid out as those of Maas et al. 2011: a small file each, in a folder or in the archive as it comes."""

import gzip
import re
import tarfile
import zlib
from pathlib import Path
from typing import IO

from tqdm import tqdm

from stages.core.errors import StageError
from stages.datasets import own

HALVES = ("train", "test")
FEELINGS = ("pos", "neg")
MEMBER_NAME = re.compile(r"(?:^|/)((?:(?:train|test)/)?(?:pos|neg)/[^/.][^/]*\.txt)$")
LARGEST = 1_000_000  # bytes of a review; the longest of IMDB's has 14 thousand


def read_folder(folder: Path) -> dict[str, bytes]:
    """Reviews of a folder laid out as aclImdb, {train,test}/{pos,neg}/*.txt, or with pos/ and neg/ alone.

    Returns:
        Content by name within the folder; train/unsup and all else is left out.

    Raises:
        StageError: a file cannot be read, or is larger than a review can be.
    """
    present = own.names(folder)
    folders = [feeling for feeling in FEELINGS if feeling in present]
    for half in [half for half in HALVES if half in present]:
        folders += [f"{half}/{feeling}" for feeling in FEELINGS if feeling in own.names(folder / half)]
    found = [
        f"{inner}/{name}"
        for inner in folders
        for name in own.names(folder / inner)
        if name.endswith(".txt") and not name.startswith(".")
    ]
    # On a terminal alone: a log needs no bar.
    return {name: own.read(folder / name, LARGEST) for name in tqdm(found, "reviews", disable=None, leave=False)}


def read_archive(path: Path) -> dict[str, bytes]:
    """Reviews of a .tar.gz laid out as aclImdb_v1.tar.gz; nothing is unpacked to the disk.

    Returns:
        As `read_folder`.

    Raises:
        StageError: it is not such a file or is cut off; a name in it leads out of it; it holds links or devices; a
            review, or all of it unpacked, is too large.
    """
    files = {}
    if own.is_folder(path):
        raise StageError(f"{path} is a folder; it should be a file")
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=Bounded(packed, path), mode="r|") as archive:
            for member in tqdm(archive, "reviews", disable=None, leave=False):
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    raise StageError(f"{path}: the name {member.name!r} leads out of the archive")
                if not member.isfile() and not member.isdir():
                    raise StageError(f"{path}: {member.name} is a link or a device; it should be a file or a folder")
                match = MEMBER_NAME.search(member.name)
                if match is None or not member.isfile():
                    continue
                if member.size > LARGEST:
                    raise StageError(
                        f"{path}: {member.name} has {member.size:,} bytes; a review has at most {LARGEST:,}"
                    )
                if match[1] in files:
                    raise StageError(f"{path} holds {match[1]} twice")
                files[match[1]] = archive.extractfile(member).read()
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise StageError(f"{path} is not a whole .tar.gz: {error}") from error
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    return files


class Bounded:
    """A stream that refuses to give more than `own.LARGEST` bytes: a small archive can unpack to anything."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self.stream, self.path, self.left = stream, path, own.LARGEST

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        content = self.stream.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise StageError(f"{self.path} unpacks to more than {own.LARGEST:,} bytes")
        return content
