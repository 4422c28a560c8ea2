"""reprise completion: a script with which the shell completes commands, options and file names."""

import argparse

import shtab

from reprise.options import parser

PATHS = {"FILE", "DIR", "input", "output", "source", "target"}  # as the options call what is a file or a folder


def script(shell: str) -> str:
    """The script for a shell.

    Args:
        shell: in `shtab.SUPPORTED_SHELLS`.
    """
    top = parser()
    for command in _commands(top):
        for action in command._actions:
            if PATHS & {action.metavar, action.dest}:
                action.complete = shtab.FILE
    return shtab.complete(top, shell)


def main(options: argparse.Namespace) -> None:
    """Print what the command line asks for."""
    print(script(options.shell))


def _commands(top: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    groups = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    return [command for group in groups for command in group.choices.values()]
