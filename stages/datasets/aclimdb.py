"""Reviews laid out as those of Maas et al. 2011: a small file each, in a folder or in the archive as it comes."""

import re
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import archives, own

HALVES = ("train", "test")
FEELINGS = ("pos", "neg")
MEMBER_NAME = re.compile(r"(?:^|/)((?:(?:train|test)/)?(?:pos|neg)/[^/.][^/]*\.txt)\Z")
LARGEST = 1_000_000  # bytes of a review; the longest of IMDB's has 14 thousand


class Files(NamedTuple):
    """Reviews as files."""

    content: dict[str, bytes]  # by name within the folder: {train,test}/{pos,neg}/*.txt, or {pos,neg}/*.txt
    ignored: int  # files left out: reviews without a label in train/unsup, lists, notes


def read_folder(folder: Path) -> Files:
    """Reviews of a folder laid out as aclImdb, {train,test}/{pos,neg}/*.txt, or with pos/ and neg/ alone.

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
    content = {name: inputs.read(folder / name, LARGEST) for name in tqdm(found, "reviews", disable=None, leave=False)}
    ignored = sum(path.is_file() for path in folder.rglob("*")) - len(content)
    return Files(content, ignored)


def read_archive(path: Path) -> Files:
    """Reviews of a .tar.gz laid out as aclImdb_v1.tar.gz; nothing is unpacked to the disk.

    Raises:
        StageError: as `archives.files`; or a review is there twice.
    """
    content, ignored = {}, 0
    members = archives.files(path, wanted=lambda name: MEMBER_NAME.search(name) is not None, largest=LARGEST)
    for member in tqdm(members, "reviews", disable=None, leave=False):
        if member.content is None:
            ignored += 1
            continue
        name = MEMBER_NAME.search(member.name)[1]
        if name in content:
            raise StageError(f"{path} holds {name} twice")
        content[name] = member.content
    return Files(content, ignored)
