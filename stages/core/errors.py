"""The one exception that every stage and command turns into a message for the user."""


class StageError(Exception):
    """Bad input. The message is one line: the key, file or value at fault, and what would be right."""
