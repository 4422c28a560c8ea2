"""What Project Gutenberg puts around its books: licence and notes, which are no part of the text."""

import re
from typing import NamedTuple

EBOOK = r"(?:THE |THIS )?PROJECT[ \t]+GUTENBERG"
START = re.compile(
    rf"^[ \t]*(?:\*{{2,}}[ \t]*START OF {EBOOK}[^\n]*|\*END[ \t]?\*?[ \t]?THE SMALL PRINT![^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
GOES_ON = re.compile(r"\n[^*\n]*\*{2,}[ \t]*$", re.MULTILINE)  # of a start marker with a long title
END = re.compile(rf"^[ \t]*\**[ \t]*END OF {EBOOK}\b", re.IGNORECASE | re.MULTILINE)


class Cut(NamedTuple):
    """Books without what stood around them."""

    texts: list[str]
    before: int  # characters cut before the books
    after: int  # characters cut behind the books
    note: str  # one line that says what was cut or why nothing was; empty where there are no markers


def cut(text: str) -> Cut:
    """The books in a text: what stands between a start marker and the end marker that follows it.

    The markers are `*** START OF THE PROJECT GUTENBERG EBOOK ... ***`, or of older files `*END*THE SMALL PRINT!...`,
    and `*** END OF THE PROJECT GUTENBERG EBOOK ... ***`, or of older files `End of Project Gutenberg's ...`, in any
    case. Without a start marker the first book begins with the text. A start marker without an end marker cuts
    nothing: the file may have been cut off.

    Args:
        text: with line feeds for line ends.
    """
    starts, ends = (
        [_span(text, match) for match in START.finditer(text)],
        [match.start() for match in END.finditer(text)],
    )
    if not starts and not ends:
        return Cut([text], 0, 0, "")
    if not ends:
        return Cut([text], 0, 0, "it has Project Gutenberg's start marker and no end marker: all of it is kept")
    texts, before, after, place = [], 0, 0, 0
    for end in ends:
        inside = [start for start in starts if place <= start[0] and start[1] <= end]
        if not inside and texts:
            continue  # another end marker of the same book: `End of Project Gutenberg's ...`, then `*** END ... ***`
        begin = inside[-1][1] if inside else place
        if texts:
            after += inside[0][0] - place
            before += begin - inside[0][0]
        else:
            before += begin
        texts.append(text[begin:end].strip("\n"))
        place = end
    after += len(text) - place
    if not any(book.strip() for book in texts):
        return Cut([text], 0, 0, "nothing stands between Project Gutenberg's markers: all of it is kept")
    books = f" of {len(texts)} books" if len(texts) > 1 else ""
    note = f"{before:,} characters before the text{books}, {after:,} behind"
    return Cut(texts, before, after, f"Project Gutenberg's licence and notes are cut off: {note}")


def _span(text: str, start: re.Match[str]) -> tuple[int, int]:
    """Where a start marker begins and ends: the stars that close it may be on the next line."""
    closed = start[0].count("**") > 1 or "***" not in start[0]
    more = None if closed else GOES_ON.match(text, start.end())
    return start.start(), more.end() if more else start.end()
