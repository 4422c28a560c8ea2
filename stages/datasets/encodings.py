"""What encoding bytes are in: by their byte order mark, else by which reading gives the letters of a language."""

import codecs
import unicodedata

SAMPLE = 200_000  # bytes that are looked at
LEAST = 0.7  # share of the characters beyond ASCII that have to be expected ones
MARKS = {  # UTF-32's little-endian mark begins with UTF-16's, so it comes first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
WESTERN = "àâäáãåæçèéêëìíîïñòóôõöøœùúûüýÿßðþ"
CENTRAL = "áâăäąćčçďđéęëěíîĺľłńňóôőöŕřśşšţťúůűüýźżž"
PUNCTUATION = "“”„‘’‚‹›«»–—…•°§©®£€¡¿ºª·\u00a0"
CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєў"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
COMMON = {CYRILLIC: "оеаинтсрвл", GREEK: "αοιετσνηυρ"}
# Names as iconv has them, each with the letters that its texts are made of. Single-byte encodings of one script differ
# in where the letters are: the wrong one gives capitals within words, signs or control characters. Of encodings that do
# equally well the first is named.
ALPHABETS = {
    "ISO-8859-1": WESTERN,
    "WINDOWS-1252": WESTERN,
    "ISO-8859-2": CENTRAL,
    "WINDOWS-1250": CENTRAL,
    "WINDOWS-1251": CYRILLIC,
    "KOI8-R": CYRILLIC,
    "IBM866": CYRILLIC,
    "ISO-8859-5": CYRILLIC,
    "ISO-8859-7": GREEK,
    "WINDOWS-1253": GREEK,
}
EAST_ASIAN = ("SHIFT_JIS", "EUC-JP", "GB18030", "BIG5", "EUC-KR")
COMMON_HAN = "的一是不了在人有我他这這个個们們中来來上大為为和国國地到以說说時时要就出會会可也你對对能而子于下自年後后"
NUL_PATTERNS = {"UTF-16LE": 1, "UTF-16BE": 0}  # which of two bytes is NUL in text that is mostly ASCII


def marked(content: bytes) -> str | None:
    """Python's name of the encoding that a byte order mark stands for."""
    return next((name for mark, name in MARKS.items() if content.startswith(mark)), None)


def mixed(content: bytes) -> bool:
    """Do the bytes hold characters of several bytes in UTF-8, and more of them than of what is not UTF-8?"""
    text = content.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - wrong > wrong


def guess(content: bytes) -> str | None:
    """iconv's name of the encoding that bytes without a byte order mark seem to be in, other than UTF-8.

    Of the encodings that can read them, it is the one in which the largest share of the characters beyond ASCII are
    those of a language that uses it. None where that share is below `LEAST`, and for what holds control characters.
    """
    sample = content[:SAMPLE]
    for name, place in NUL_PATTERNS.items():
        if sample[place::2].count(0) > 0.8 * len(sample[place::2]) and 0 not in sample[1 - place :: 2]:
            return name
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in set(sample)):
        return None
    scores = {name: _score(sample, name) for name in (*ALPHABETS, *EAST_ASIAN)}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= LEAST else None


def _score(sample: bytes, name: str) -> float:
    """Share of the characters beyond ASCII that a text in this encoding can be expected to have."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)  # the sample may end within a character
    except UnicodeDecodeError:
        return 0.0
    beyond = [character for character in text if character > "\x7f"]
    if not beyond:
        return 0.0
    if name in EAST_ASIAN:
        return _east_asian(beyond, name)
    return _alphabetic(text, beyond, ALPHABETS[name])


def _alphabetic(text: str, beyond: list[str], letters: str) -> float:
    """As `_score`. A capital within a word is unexpected: the Cyrillic encodings have them where others have small."""
    own_script = letters in (CYRILLIC, GREEK)
    latin = sum(character.isascii() and character.isalpha() for character in text)
    if own_script != (len(beyond) > latin):
        return 0.0  # accents are few in a text, the letters of another script are most of it
    good = 0
    for before, character in zip(" " + text, text, strict=False):
        if character > "\x7f" and not (before.isalpha() and character.isupper()):
            good += character.lower() in letters or character in PUNCTUATION
    score = good / len(beyond)
    if own_script:  # a whole alphabet, which any order of it is too: count the commonest letters
        score *= min(1.0, 0.5 + sum(character.lower() in COMMON[letters] for character in beyond) / len(beyond))
    return score


def _east_asian(beyond: list[str], name: str) -> float:
    """As `_score`. Many bytes can be read as rare Chinese characters, so the commonest have to be there."""
    kinds = [unicodedata.name(character, "").split(" ")[0] for character in beyond]
    total = len(kinds)
    kana = sum(kind in ("HIRAGANA", "KATAKANA") for kind in kinds)
    han = sum(kind == "CJK" for kind in kinds)
    marks = sum(kind in ("IDEOGRAPHIC", "FULLWIDTH") or character in PUNCTUATION
                for kind, character in zip(kinds, beyond, strict=True))  # fmt: skip
    if name == "EUC-KR":
        return (sum(kind == "HANGUL" for kind in kinds) + marks) / total
    if name in ("SHIFT_JIS", "EUC-JP"):
        return (kana + han + marks) / total if kana > total / 5 else 0.0
    common = sum(character in COMMON_HAN for character in beyond)
    return (han + marks) / total if common > han / 12 else 0.0
