import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import encodings, own

TEXTS = {
    "French": "Il était une fois, dans un château près de la forêt, une élève où ça n’était guère gai : « Noël »",
    "German": "Es war einmal ein König, der hörte die Vögel über den Dächern und grüßte sie jeden Morgen für Stunden.",
    "Polish": "Dawno, dawno temu żył sobie król, który miał trzy córki, a każda z nich była piękniejsza niż słońce.",
    "Czech": "Bylo jednou jedno království, kde žil starý král se třemi dětmi; nejmladší z nich měl rád příběhy.",
    "Russian": "Жил-был старик со старухой у синего моря; они жили в ветхой землянке ровно тридцать лет.",
    "Greek": "Μια φορά κι έναν καιρό ήταν ένας βασιλιάς που είχε τρεις κόρες και ζούσαν όλοι μαζί στο παλάτι.",
    "Japanese": "むかしむかし、あるところに、おじいさんとおばあさんが住んでいました。ある日、川へ洗濯に行きました。",
    "Chinese": "从前有一个小村子，村子里的人都很高兴，他们在河边种地，晚上一起唱歌，这是一个好地方，大家不想走。",
    "Traditional": "從前有一個小村子，村子裡的人都很高興，他們在河邊種地，晚上一起唱歌，這是一個好地方，大家不想走。",
    "Korean": "옛날 옛적에 어느 마을에 할아버지와 할머니가 살고 있었습니다. 하루는 산으로 나무를 하러 갔습니다.",
}
WRITTEN = [
    ("French", "ISO-8859-1"),
    ("French", "WINDOWS-1252"),
    ("German", "ISO-8859-1"),
    ("Polish", "ISO-8859-2"),
    ("Polish", "WINDOWS-1250"),
    ("Czech", "ISO-8859-2"),
    ("Czech", "WINDOWS-1250"),
    ("Russian", "KOI8-R"),
    ("Russian", "WINDOWS-1251"),
    ("Russian", "IBM866"),
    ("Russian", "ISO-8859-5"),
    ("Greek", "ISO-8859-7"),
    ("Japanese", "SHIFT_JIS"),
    ("Japanese", "EUC-JP"),
    ("Chinese", "GB18030"),
    ("Traditional", "BIG5"),
    ("Korean", "EUC-KR"),
]
PLAIN = str.maketrans({"’": "'", "œ": "oe"})


@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_the_line_to_type_turns_the_file_into_what_was_written(tmp_path, language, encoding):
    """The guess may be another name of the encoding; what counts is that the line gives the text."""
    text = TEXTS[language].translate(PLAIN if encoding == "ISO-8859-1" else {})
    path = tmp_path / "my book.txt"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(StageError, match=r"is not UTF-8 text: see its byte \d+, in line \d+; it looks like") as caught:
        own.decode(inputs.read(path), path)
    assert len(str(caught.value).splitlines()) == 1
    subprocess.run(str(caught.value).split("`")[1], shell=True, check=True)
    assert own.decode(inputs.read(tmp_path / "my book-utf8.txt"), "") == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("language", TEXTS)
def test_unicode_is_read_as_it_is(language, encoding):
    assert own.decode(TEXTS[language].encode(encoding), "book.txt") == TEXTS[language]


@pytest.mark.parametrize("mark, encoding", [("\ufeff", "utf-16-be"), ("\ufeff", "utf-32-be")])
def test_both_byte_orders_are_read(mark, encoding):
    assert own.decode((mark + TEXTS["Greek"]).encode(encoding), "book.txt") == TEXTS["Greek"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Once upon a time".encode("utf-16-le"), "NUL characters; it looks like UTF-16LE: type `iconv -f UTF-16LE"),
        ("Once upon a time".encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8 book.txt > book-utf8.txt`"),
        ("Once".encode("utf-16")[:-1], "is not UTF-16, as it begins: see its byte 8"),
        (TEXTS["French"].encode() + " déjà".encode("latin-1"), "most of it is UTF-8, so a part in another encoding"),
        (TEXTS["French"].encode() + b"\xe2\x80", "most of it is UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not UTF-8 text: see its byte 0, in line 1; save it as UTF-8"),
        (b"\xd7\xf7\xd7\xf7", "see its byte 0, in line 1; save it as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_said(content, told):
    with pytest.raises(StageError) as caught:
        own.decode(content, "book.txt")
    assert told in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_are_refused_in_one_line(content):
    try:
        assert own.decode(content, "book.txt").strip()
    except StageError as error:
        assert len(str(error).splitlines()) == 1
    encodings.guess(content)
