"""One way to clean a text or a review, for the raw file and for what a user types.

Needs nothing but Python: `reprise export` puts a copy of this file beside an exported classifier.
"""

import html
import re
import unicodedata

# Windows-1252's punctuation that was once read as Latin-1, where the same bytes are control characters.
MISREAD = {code: bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)}


def unified(text: str) -> str:
    """A text in composed Unicode, NFC, in which every line end is a line feed."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy(text: str) -> str:
    """A review as one line of clean Unicode: misread punctuation and HTML entities put right; `<br />` is kept."""
    text = unicodedata.normalize("NFC", " ".join(html.unescape(text.translate(MISREAD)).split()))
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
