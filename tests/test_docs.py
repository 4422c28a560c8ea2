"""README.md and docs/: links that resolve, commands and Python names that exist, parameters that are known."""

import ast
import contextlib
import importlib.util
import io
import itertools
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from dvc.cli.parser import get_main_parser

from reprise.__main__ import parser as reprise_parser
from sweeps.__main__ import parser as sweeps_parser
from tests.conftest import REPOSITORY

PAGES = [
    *(REPOSITORY / name for name in ("README.md", "sweeps/README.md", "report/README.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "benchmarks").glob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TYPED = re.compile(r"^\$ (.*)$", re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:make|dvc|reprise|python -m) [^`]+)`")
OTHERS = {"cat", "git", "source", "cd", "jq", "ray", "export", "scp", "ssh", "diff", "chmod"}  # other people's programs


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as a Git host makes them, and those written as HTML."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'(?:id|name)="([^"]+)"', text))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_resolves(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_every_page_of_docs_is_linked_from_the_readme():
    linked = set(LINK.findall((REPOSITORY / "README.md").read_text(encoding="utf-8")))
    pages = {name(path) for path in (REPOSITORY / "docs").glob("*.md")} - {"docs/answers.md"}
    assert pages <= linked


def commands(page: Path) -> Iterator[list[str]]:
    """Every command that a page shows, as words, without comments; of a pipe or a list, each part.

    A command within a sentence may lack its arguments: for those of dvc and reprise, `--help` is asked.
    """
    text = page.read_text(encoding="utf-8")
    mentioned = [
        f"{line.removesuffix(' -S')} --help" if line.startswith(("dvc ", "reprise ")) else line
        for line in INLINE.findall(text)
    ]
    for line in [*TYPED.findall(text), *mentioned]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = list(lexer)
        while words:
            end = next((at for at, word in enumerate(words) if set(word) <= set("|&;")), len(words))
            if part := words[:end]:
                yield part[: part.index("<")] if "<" in part else part  # a file on standard input
            words = words[end + 1 :]


def accepted(parser, arguments: list[str]) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as complaint:
        try:
            parser.parse_args(arguments)
        except SystemExit as end:
            assert end.code in (0, None), complaint.getvalue()


def known(key: str, content: dict) -> bool:
    for part in key.lstrip("+~").split("."):
        if not isinstance(content, dict) or part not in content:
            return False
        content = content[part]
    return True


def check_module(module: str, arguments: list[str]) -> None:
    if module == "reprise":
        accepted(reprise_parser(), arguments)
    elif module == "sweeps":
        accepted(sweeps_parser(), arguments)
    elif module in ("pip", "pytest"):
        pass
    else:
        spec = importlib.util.find_spec(module)
        assert spec is not None, module
        source = Path(spec.origin).read_text(encoding="utf-8")
        for option in (word for word in arguments if word.startswith("--")):
            assert f'"{option}"' in source, f"{module} {option}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_exists(page, content):
    targets = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for program, *arguments in commands(page):
        program = program.rpartition("/")[2]
        if program == "make":
            names = [word for word in arguments if "=" not in word and not word.startswith("-")]
            assert set(names) <= targets, names
        elif program == "dvc":
            accepted(get_main_parser(), arguments)
            values = [b for a, b in itertools.pairwise(arguments) if a in ("-S", "--set-param")]
            assert all(known(value.split("=")[0], content) for value in values if "=" in value), values
        elif program == "reprise":
            accepted(reprise_parser(), arguments)
        elif program.startswith("python"):
            if arguments[:1] == ["-m"] and "…" not in arguments[1]:
                check_module(arguments[1], arguments[2:])
        else:
            assert program in OTHERS or "=" in program, program


@pytest.mark.parametrize(
    ("page", "code"),
    [(name(page), code) for page in PAGES for code in PYTHON.findall(page.read_text(encoding="utf-8"))],
)
def test_python_takes_names_that_exist_from_this_project(page, code):
    nodes, modules = list(ast.walk(ast.parse(textwrap.dedent(code)))), {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("stages", "reprise"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                if isinstance(found := getattr(module, alias.name), ModuleType):
                    modules[alias.asname or alias.name] = found
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            assert hasattr(modules[node.value.id], node.attr), ast.unparse(node)
