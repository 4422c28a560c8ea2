"""A .tar.gz read strictly, within stated bounds: a damaged archive is refused, never read in part.

Python's `tarfile` takes a damaged header for the end of the archive, and accepts one without its end mark: what follows
would be missing without a word. This reader demands every header's check sum, the end mark, and gzip's own check sum.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from stages.core import inputs
from stages.core.errors import StageError

BLOCK = 512  # bytes; headers are one block, contents whole blocks
MOST_MEMBERS = 1_000_000  # aclImdb_v1.tar.gz has 100,000
LONGEST_HEADER = 65_536  # bytes of a long name, or of the attributes (PAX) of a member
FILE, FOLDER, LONG_NAME, LONG_LINK, ATTRIBUTES, COMMON_ATTRIBUTES = (b"0", b"\0", b"7"), b"5", b"L", b"K", b"x", b"g"


class Member(NamedTuple):
    """A file in an archive."""

    name: str  # a byte that is not UTF-8 as a surrogate, as in Python's names of files
    content: bytes | None  # None where it was not wanted


class _Broken(ValueError):
    """The archive is damaged."""


def files(path: Path, *, wanted: Callable[[str], bool], largest: int) -> Iterator[Member]:
    """The regular files in a .tar.gz; nothing is unpacked to the disk.

    Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar's manual, "Basic Tar
    Format", for its long names and base-256 numbers.

    Args:
        path: of the archive.
        wanted: name → is its content to be read?
        largest: bytes of a wanted file.

    Raises:
        StageError: it is not such a file, is cut off or damaged; a name in it leads out of it; it holds links or
            devices; a wanted file, all of it unpacked, or its headers, are too large.
    """
    inputs.need_file(path)
    try:
        with gzip.open(path) as packed:
            yield from _members(_Stream(packed, path), wanted, largest)
    except (_Broken, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StageError(f"{path} is not a whole .tar.gz: {error}") from error
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


class _Stream:
    """The unpacked archive: at most `inputs.LARGEST` bytes of it, since a small archive can unpack to anything."""

    def __init__(self, packed: gzip.GzipFile, path: Path) -> None:
        self.packed, self.path, self.left = packed, path, inputs.LARGEST

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        content = self.chunk(size)
        while len(content) < size and (more := self.chunk(size - len(content))):
            content += more
        if len(content) < size:
            raise _Broken("it ends without tar's end mark, two blocks of zeros")
        return content

    def chunk(self, size: int) -> bytes:
        """At most `size` bytes; none at the end, where gzip has checked its sum."""
        content = self.packed.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise StageError(f"{self.path} unpacks to more than {inputs.LARGEST:,} bytes")
        return content

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.read(min(size, 1 << 20)))


def _members(stream: _Stream, wanted: Callable[[str], bool], largest: int) -> Iterator[Member]:
    path, attributes = stream.path, {}  # of the next member
    for _ in range(MOST_MEMBERS):
        header = stream.read(BLOCK)
        if not any(header):
            break
        kind, size = header[156:157], _size(header, attributes)
        padding = -size % BLOCK
        if size > inputs.LARGEST:
            raise StageError(f"{path} unpacks to more than {inputs.LARGEST:,} bytes: one member claims {size:,}")
        if kind in (LONG_NAME, LONG_LINK, ATTRIBUTES, COMMON_ATTRIBUTES):
            _add_attributes(attributes, kind, _header_content(stream, size))
            continue
        name = _name(header, attributes)
        _check(path, name, kind)
        if kind in FILE and not name.endswith("/"):
            keep = wanted(name)
            if keep and size > largest:
                raise StageError(f"{path}: {name} has {size:,} bytes; at most {largest:,} are allowed")
            content = stream.read(size) if keep else stream.skip(size)
            stream.skip(padding)
            yield Member(name, content)
        else:
            stream.skip(size + padding)
        attributes = {}
    else:
        raise StageError(f"{path} has more than {MOST_MEMBERS:,} members")
    if any(stream.read(BLOCK)):
        raise _Broken("its end mark is damaged: one block of zeros instead of two")
    while content := stream.chunk(1 << 20):
        if any(content):
            raise _Broken("there is more behind its end mark")


def _check(path: Path, name: str, kind: bytes) -> None:
    if name.startswith("/") or ".." in name.split("/"):
        raise StageError(f"{path}: the name {name!r} leads out of the archive")
    if kind not in FILE and kind != FOLDER:
        raise StageError(f"{path}: {name} is a link or a device; it should be a file or a folder")


def _size(header: bytes, attributes: dict[str, bytes]) -> int:
    """Bytes of a member, after its header's check sum."""
    stored = _number(header[148:156])
    if stored != sum(header[:148]) + sum(header[156:]) + 8 * 32:
        raise _Broken("the check sum of a header is wrong")
    if header[156:157] not in (LONG_NAME, LONG_LINK, ATTRIBUTES, COMMON_ATTRIBUTES) and "size" in attributes:
        return _digits(attributes["size"], 10)
    return _number(header[124:136])


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or base 256 with the highest bit set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:])
    return _digits(field.split(b"\0", 1)[0].strip(b" ") or b"0", 8)


def _digits(text: bytes, base: int) -> int:
    if len(text) > 20 or not text.isdigit() or (base == 8 and text.strip(b"01234567")):
        raise _Broken(f"a header has {text[:20]!r} for a number")
    return int(text, base)


def _name(header: bytes, attributes: dict[str, bytes]) -> str:
    name = attributes.get("path")
    if name is None:
        name, prefix = (field.split(b"\0", 1)[0] for field in (header[:100], header[345:500]))
        if prefix and header[257:263] == b"ustar\0":
            name = prefix + b"/" + name
    return name.decode("utf-8", "surrogateescape")


def _header_content(stream: _Stream, size: int) -> bytes:
    if size > LONGEST_HEADER:
        raise StageError(f"{stream.path} has a header of {size:,} bytes; at most {LONGEST_HEADER:,} are allowed")
    content = stream.read(size)
    stream.skip(-size % BLOCK)
    return content


def _add_attributes(attributes: dict[str, bytes], kind: bytes, content: bytes) -> None:
    """Note what a member's own headers say of the member that follows: its name and size alone are used."""
    if kind == LONG_NAME:
        attributes["path"] = content.rstrip(b"\0")
    elif kind == ATTRIBUTES:
        while content:
            length, blank, _ = content.partition(b" ")
            count = _digits(length, 10)
            record, content = content[:count], content[count:]
            keyword, equals, value = record[len(length) + len(blank) :].partition(b"=")
            if len(record) < count or not equals or not value.endswith(b"\n"):
                raise _Broken("the attributes of a member are damaged")
            if keyword.startswith(b"GNU.sparse"):
                raise _Broken("it holds a sparse file, which is not read")
            if keyword in (b"path", b"size"):
                attributes[keyword.decode()] = value[:-1]
