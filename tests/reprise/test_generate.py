import pytest

from reprise.generate import GAP, READ, Writer, side_by_side
from stages.core import model_files
from stages.core.errors import StageError
from stages.textgen import generate as writing
from stages.textgen import train
from stages.textgen.characters import decode, encode


def test_the_stream_is_what_the_evaluation_writes(folder):
    writer = Writer(folder / train.MODEL)
    together = writer.write("HaML:", [0.5, 1.5], length=20, seed=3, samples=2)
    ids, _ = writing.generate(
        writer.model, encode("HaML:", writer.vocabulary), [0.5, 1.5], length=20, seed=3, samples=2
    )
    assert together == [decode(row, writer.vocabulary) for row in ids.reshape(4, 20)]
    assert writer.write("HaML:", [1.5], length=20, seed=3) == [together[2]]


def test_characters_arrive_one_by_one(folder):
    steps = Writer(folder / train.MODEL).stream("a", [1.0], length=10**6, seed=1)
    assert len(next(steps)) == 1


def test_a_prompt_in_another_alphabet_is_reported(command):
    out, told = command("generate", "--prompt", "Ω 你 a", "--length", "5")
    assert out.decode().startswith("Ω 你 a")
    assert len(out.decode()) == len("Ω 你 a") + 5 + 1
    assert "not in the vocabulary, read as unknown: 'Ω' '你'" in told.decode()


def test_an_empty_and_a_long_prompt(command):
    assert len(command("generate", "--length", "7")[0]) == 8
    out, told = command("generate", "--prompt", "-", "--length", "7", stdin=b"ab" * 500_000)
    assert len(out) == READ + 8
    assert b"of the prompt's 1,000,000 characters the last 1,000 are read" in told


def test_bytes_that_are_no_text_are_reported(command):
    assert b"invalid UTF-8" in command("generate", "--prompt", "-", "--length", "5", stdin=b"a\xff")[1]


def test_several_temperatures_one_after_another(command):
    out = command("generate", "--prompt", "a", "-t", "0.5", "1", "--length", "9", "--seed", "2")[0].decode()
    alone = command("generate", "--prompt", "a", "-t", "1", "--length", "9", "--seed", "2")[0].decode()
    first, second = out.split("=== temperature 1 ===\n")
    assert first.startswith("=== temperature 0.5 ===\na")
    assert second == alone + "\n"


def test_columns_hold_every_character():
    texts = ["one two three four", "a\nb\n\nc", "unbreakableword!!!"]
    rows = list(
        side_by_side(["", "", ""], iter([tuple(t[i] if i < len(t) else "" for t in texts) for i in range(18)]), 8)
    )
    cells = [[cell.strip() for cell in row.ljust(30).split(GAP)] for row in rows]
    assert [row[0] for row in cells][:3] == ["one two", "three", "four"]
    assert [row[1] for row in cells][:4] == ["a", "b", "", "c"]
    assert "".join(row[2] for row in cells if len(row) > 2) == texts[2]
    assert max(map(len, rows)) <= 3 * 8 + 2 * len(GAP)


@pytest.mark.parametrize("damage", ["missing", "truncated", "folder", "another vocabulary", "no vocabulary", "another"])
def test_a_broken_model_is_one_line(folder, tmp_path, damage):
    whole, path = (folder / train.MODEL).read_bytes(), tmp_path / "text.keras"
    if damage == "folder":
        path.mkdir()
    elif damage == "another":
        path.write_bytes((folder / "models/autoencoder.keras").read_bytes())
    elif "vocabulary" in damage:
        carried = {"seed": 7, "shape": {}} | ({"vocabulary": "ab"} if damage.startswith("another") else {})
        model_files.write(path, model_files.read(folder / train.MODEL), carried)
    elif damage == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StageError) as error:
        Writer(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    if damage == "missing":
        assert "`dvc repro` makes it, `dvc pull` fetches it" in str(error.value)


def test_the_file_alone_writes(folder, workdir, command):
    (workdir / "mine.keras").write_bytes((folder / train.MODEL).read_bytes())
    alone = command("generate", "--model", "mine.keras", "--length", "30")[0]
    assert alone == command("generate", "--length", "30")[0]
