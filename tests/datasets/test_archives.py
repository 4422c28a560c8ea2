import gzip
import io
import tarfile
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import StageError
from stages.datasets import archives, reviews
from tests.datasets.conftest import put, put_reviews, tar

BLOCK = archives.BLOCK
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "GNU": tarfile.GNU_FORMAT, "PAX": tarfile.PAX_FORMAT}


def read(path: Path) -> dict[str, bytes]:
    return {member.name: member.content for member in archives.files(path, wanted=lambda _: True, largest=10**6)}


def packed(files: dict[str, bytes], kind: int = tarfile.GNU_FORMAT, **headers) -> bytes:
    """An archive, not gzipped."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind, encoding="utf-8", errors="surrogateescape") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = len(content), dict(headers)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def refused(tmp_path: Path, content: bytes, told: str = "", *, gzipped: bool = False) -> None:
    path = put(tmp_path / "bad.tar.gz", content if gzipped else gzip.compress(content, 1))
    with pytest.raises(StageError, match=told) as caught:
        read(path)
    assert len(str(caught.value).splitlines()) == 1
    assert "bad.tar.gz" in str(caught.value)


NAMES = st.lists(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
                 .filter(lambda part: part != ".."), min_size=1, max_size=4).map("/".join)  # fmt: skip


@given(
    st.dictionaries(NAMES.filter(lambda name: len(name.encode()) < 400), st.binary(max_size=1200), max_size=5),
    st.sampled_from(["GNU", "PAX"]),
)
def test_it_reads_what_tar_writes(tmp_path_factory, files, kind):
    path = tmp_path_factory.mktemp("tar") / "good.tar.gz"
    assert read(put(path, gzip.compress(packed(files, FORMATS[kind]), 1))) == files


def test_every_format_is_read(tmp_path):
    files = {"aclImdb/train/pos/0_9.txt": b"Good", f"{'d' * 90}/{'e' * 90}.txt": b"x" * 513}
    for name, kind in FORMATS.items():
        assert read(put(tmp_path / f"{name}.tar.gz", gzip.compress(packed(files, kind)))) == files


@given(st.integers(0, BLOCK - 1), st.integers(0, 7), st.integers(0, 1))
def test_a_header_with_one_bit_changed_is_refused_or_means_the_same(tmp_path_factory, place, bit, member):
    files = {"pos/1.txt": b"Good", "pos/2.txt": b"Fine", "neg/3.txt": b"Bad"}
    content = bytearray(packed(files))
    content[member * 2 * BLOCK + place] ^= 1 << bit
    path = put(tmp_path_factory.mktemp("tar") / "bad.tar.gz", gzip.compress(bytes(content), 1))
    try:
        assert read(path) == files
    except StageError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("cut", [*range(BLOCK, 7 * BLOCK, BLOCK), 100, 1000, 7 * BLOCK])
def test_an_archive_cut_at_any_block_is_refused(tmp_path, cut):
    whole = packed({"pos/1.txt": b"Good", "pos/2.txt": b"Fine", "neg/3.txt": b"Bad"})
    refused(tmp_path, whole[:cut], "ends without tar's end mark, two blocks of zeros")


def test_one_block_of_zeros_is_no_end_mark(tmp_path):
    whole = packed({"pos/1.txt": b"Good"})
    refused(tmp_path, whole[: 2 * BLOCK] + bytes(BLOCK) + b"x" * BLOCK, "end mark is damaged")


def test_a_second_archive_behind_the_first_is_not_left_out(tmp_path):
    first, second = packed({"pos/1.txt": b"Good"}), packed({"neg/1.txt": b"Bad"})
    refused(tmp_path, first + second, "there is more behind its end mark")


@pytest.mark.parametrize("place", [-8, -5, -4, -1])
def test_gzips_check_sum_and_length_are_read(tmp_path, place):
    whole = bytearray(gzip.compress(packed({"pos/1.txt": b"Good"})))
    whole[place] ^= 1
    refused(tmp_path, bytes(whole), "is not a whole .tar.gz", gzipped=True)


@pytest.mark.parametrize("cut", [1, 4, 8, 9])
def test_gzip_without_its_end_is_refused(tmp_path, cut):
    refused(tmp_path, gzip.compress(packed({"pos/1.txt": b"Good"}))[:-cut], "is not a whole .tar.gz", gzipped=True)


def header(name: bytes, kind: bytes, size: bytes) -> bytes:
    """A header with a right check sum."""
    block = bytearray(BLOCK)
    block[: len(name)], block[124 : 124 + len(size)], block[156:157] = name, size, kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_a_claim_of_2_to_the_87_bytes_costs_nothing(tmp_path):
    start = time.perf_counter()
    refused(tmp_path, header(b"x", b"0", b"\x80" + b"\x80" + bytes(10)) + bytes(1024), "bytes: one member claims")
    refused(tmp_path, header(b"x", b"0", b"\xff" * 12) + bytes(1024), "bytes: one member claims")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("size", [b"0000000000x\0", b"-0000000001\0", b"00000000008\0", b"0 0\0"])
def test_a_size_that_is_no_number_is_refused(tmp_path, size):
    refused(tmp_path, header(b"x", b"0", size) + bytes(1024), "a header has .* for a number")


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_large_headers_are_refused_without_their_memory(tmp_path, kind):
    content = header(b"x", kind, b"%011o\0" % 100_000_000) + bytes(100_000_000)
    path = put(tmp_path / "bad.tar.gz", gzip.compress(content, 1))
    del content
    tracemalloc.start()
    with pytest.raises(StageError, match="has a header of 100,000,000 bytes; at most 65,536 are allowed"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_thousands_of_headers_before_a_file_are_no_recursion(tmp_path):
    attributes = b"18 comment=abcdef\n"
    one = header(b"x", b"x", b"%011o\0" % len(attributes)) + attributes.ljust(BLOCK, b"\0")
    path = put(tmp_path / "many.tar.gz", gzip.compress(one * 5000 + packed({"pos/1.txt": b"Good"}), 1))
    assert read(path) == {"pos/1.txt": b"Good"}


def test_members_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 100)
    refused(tmp_path, packed({f"{number}.txt": b"" for number in range(101)}), "has more than 100 members")


@pytest.mark.parametrize("content", [b"5 a=b\n", b"99 path=x\n", b"x path=y\n", b"8 pathy\n", b"-1 path=x\n"])
def test_damaged_attributes_are_refused(tmp_path, content):
    block = header(b"x", b"x", b"%011o\0" % len(content)) + content.ljust(BLOCK, b"\0")
    refused(tmp_path, block + packed({"pos/1.txt": b"Good"}), "is not a whole .tar.gz")


@pytest.mark.parametrize(
    ("path", "told"), [("../x.txt", "leads out"), ("/x.txt", "leads out"), ("a/../../b", "leads out")]
)
def test_a_name_in_the_attributes_leads_nowhere_either(tmp_path, path, told):
    refused(tmp_path, packed({"pos/1.txt": b"Good"}, tarfile.PAX_FORMAT, path=path), told)


@given(st.binary(max_size=3000), st.booleans())
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, content, whole):
    if whole:
        content = packed({"pos/1.txt": b"Good"})[:BLOCK] + content
    try:
        read(put(tmp_path_factory.mktemp("tar") / "any.tar.gz", gzip.compress(content, 1)))
    except StageError as error:
        assert len(str(error).splitlines()) == 1


def test_names_that_are_not_utf_8_are_read_in_folder_and_archive(tmp_path):
    folder = put_reviews(tmp_path / "aclImdb")
    odd = b"caf\xe9\n.txt".decode("utf-8", "surrogateescape")
    put(folder / "train/pos" / odd, "Good too")
    loaded = reviews.load(folder)
    assert "Good too" in loaded.texts
    archived = reviews.load(tar(folder, tmp_path / "odd.tar.gz"))
    assert archived.texts == loaded.texts
    assert archived.provenance["sha256"] == loaded.provenance["sha256"]
    put(folder / "train/pos" / odd, "")
    with pytest.raises(StageError, match=r"caf\\udce9\\n\.txt is empty"):
        reviews.load(folder)


def test_other_files_are_counted(tmp_path, capsys):
    folder = put_reviews(tmp_path / "aclImdb")
    put(folder / "imdb.vocab", "the\n")
    put(folder / "train/unsupBow.feat", "1")
    for source in (folder, tar(folder, tmp_path / "all.tar.gz")):
        reviews.load(source)
        assert "laid out as aclImdb, 3 other files in it ignored: 8 reviews, 4 of them" in capsys.readouterr().out


def test_a_bomb_within_the_compression_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.core.inputs.LARGEST", 1_000_000)
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = compressor.compress(header(b"x", b"0", b"%011o\0" % 900_000) + bytes(900_096 + 1024 + 5_000_000))
    refused(tmp_path, zeros + compressor.flush(), "unpacks to more than 1,000,000 bytes", gzipped=True)
