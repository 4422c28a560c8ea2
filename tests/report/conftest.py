import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.params import load
from stages.report import build
from tests.report import made_up


@pytest.fixture
def made(workdir) -> Path:
    """The current folder, with made-up results in it."""
    made_up.write(workdir)
    return workdir


@pytest.fixture
def text(made, params) -> Callable[..., str]:
    """The report of made-up results as Markdown in one line; arguments of `made_up.write` replace some of them."""

    def render(**replaced) -> str:
        made_up.write(made, **replaced)
        return " ".join(build.render("report.md.j2", build.variables(params)).split())

    return render


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with made-up results and the report of them."""
    folder = tmp_path_factory.mktemp("built")
    made_up.write(folder)
    with contextlib.chdir(folder):
        build.main(load("params.yaml"))
    return folder
