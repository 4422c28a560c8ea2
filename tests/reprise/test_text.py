import pytest

from reprise.text import READ, Writer
from stages.core.errors import StageError
from stages.params import Params
from stages.textgen.generate import measured


def test_the_stream_is_what_the_evaluation_writes(folder, params):
    writer, content = Writer(folder / "models/textgen.keras"), params.model_dump()
    content["seed"], content["textgen"]["temperatures"] = 3, [0.5, 1.5]
    content["textgen"]["sampling"] |= {"length": 20, "samples": 2}
    rows = measured(writer.model, "HaML:", "To be", Params.model_validate(content))  # at 0.5, 1 and 1.5
    together = writer.write("HaML:", [0.5, 1.0, 1.5], length=20, seed=3, samples=2)
    assert together == [text for row in rows for text in row["texts"]]
    assert writer.write("HaML:", [1.5], length=20, seed=3) == [together[4]]


def test_what_of_a_prompt_is_not_read_is_reported(command):
    out, err = command("generate", "--prompt", "Ω 你 a", "--length", "5")
    assert out.decode().startswith("Ω 你 a")
    assert len(out.decode()) == len("Ω 你 a") + 5 + 1
    assert "read as unknown: 'Ω' '你'" in err.decode()
    out, err = command("generate", "--prompt", "ab" * 5_000, "--length", "7")
    assert len(out) == READ + 8
    assert b"the last 1,000 are read" in err


def test_a_prompt_from_a_windows_file_is_read_as_a_text_is(command):
    out, err = command("generate", "--prompt", "\ufeffcafe\u0301\r\nb\r\n", "--length", "5")
    assert (out, err) == command("generate", "--prompt", "café\nb\n", "--length", "5")
    with pytest.raises(StageError, match="--prompt is not UTF-8: 'caf"):
        command("generate", "--prompt", b"caf\xe9".decode(errors="surrogateescape"), "--length", "5")


def test_several_temperatures_one_after_another(command):
    out = command("generate", "--prompt", "a", "-t", "0.5", "1", "--length", "9", "--seed", "2")[0].decode()
    alone = command("generate", "--prompt", "a", "-t", "1", "--length", "9", "--seed", "2")[0].decode()
    first, second = out.split("=== temperature 1 ===\n")
    assert first.startswith("=== temperature 0.5 ===\na")
    assert second == alone + "\n"
