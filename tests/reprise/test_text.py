import pytest

from reprise.text import GAP, READ, Writer, side_by_side
from stages.core import model_files
from stages.core.errors import StageError
from stages.textgen import generate as writing
from stages.textgen.characters import decode, encode


def test_the_stream_is_what_the_evaluation_writes(folder):
    writer = Writer(folder / "models/textgen.keras")
    together = writer.write("HaML:", [0.5, 1.5], length=20, seed=3, samples=2)
    ids, _ = writing.generate(
        writer.model, encode("HaML:", writer.vocabulary), [0.5, 1.5], length=20, seed=3, samples=2
    )
    assert together == [decode(row, writer.vocabulary) for row in ids.reshape(4, 20)]
    assert writer.write("HaML:", [1.5], length=20, seed=3) == [together[2]]


def test_what_of_a_prompt_is_not_read_is_reported(command):
    out, err = command("generate", "--prompt", "Ω 你 a", "--length", "5")
    assert out.decode().startswith("Ω 你 a")
    assert len(out.decode()) == len("Ω 你 a") + 5 + 1
    assert "not in the vocabulary, read as unknown: 'Ω' '你'" in err.decode()
    assert len(command("generate", "--length", "7")[0]) == 8
    out, err = command("generate", "--prompt", "-", "--length", "7", stdin=b"ab" * 500_000)
    assert len(out) == READ + 8
    assert b"of the prompt's 1,000,000 characters the last 1,000 are read" in err
    assert b"invalid UTF-8" in command("generate", "--prompt", "-", "--length", "5", stdin=b"a\xff")[1]


def test_a_prompt_from_a_windows_file_is_the_same(command):
    plain, windows = (
        command("generate", "--prompt", "-", "--length", "9", stdin=content)
        for content in (b"a\nb", b"\xef\xbb\xbfa\r\nb")
    )
    assert plain == windows


def test_several_temperatures_one_after_another(command):
    out = command("generate", "--prompt", "a", "-t", "0.5", "1", "--length", "9", "--seed", "2")[0].decode()
    alone = command("generate", "--prompt", "a", "-t", "1", "--length", "9", "--seed", "2")[0].decode()
    first, second = out.split("=== temperature 1 ===\n")
    assert first.startswith("=== temperature 0.5 ===\na")
    assert second == alone + "\n"


def test_columns_hold_every_word():
    rows = side_by_side(["one two three four", "a\nb\n\nc", "unbreakableword!!!"], 8).split("\n")
    cells = [[cell.strip() for cell in row.ljust(30).split(GAP)] for row in rows]
    assert [row[0] for row in cells][:3] == ["one two", "three", "four"]
    assert [row[1] for row in cells][:4] == ["a", "b", "", "c"]
    assert "".join(row[2] for row in cells if len(row) > 2) == "unbreakableword!!!"


@pytest.mark.parametrize("vocabulary", [None, "ab"])
def test_a_file_that_carries_another_vocabulary_is_refused(folder, tmp_path, vocabulary):
    carried = {"seed": 7, "shape": {}} | ({"vocabulary": vocabulary} if vocabulary else {})
    model_files.write(tmp_path / "text.keras", model_files.read(folder / "models/textgen.keras"), carried)
    with pytest.raises(StageError, match=r"text\.keras"):
        Writer(tmp_path / "text.keras")
