"""The one exception that every stage and command turns into a message for the user, and what a message may hold."""


class StageError(Exception):
    """Bad input. The message is one line per problem: the key, file or value at fault, and what would be right.

    Control characters in it, such as a line feed in a file's name, are written as escapes: they cannot forge a second
    line or move the terminal's cursor.
    """

    def __init__(self, *lines: object) -> None:
        super().__init__("\n".join("".join(map(_visible, str(line))) for line in lines))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def shortened(value: object, most: int = 120) -> str:
    """A value in an error message: one line, and of a long one its beginning."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[:most]} …"
