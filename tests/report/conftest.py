import json
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import pytest

from stages.report import build, figures, results, targets
from tests.report import made_up

COMPILED: dict[tuple, object] = {}  # templates


def pages(params, charts) -> tuple[str, str]:
    """The page and the Markdown of the results in the current folder."""
    found = results.read()
    page = build.html(build.render(targets.ForPage(charts), found, params))
    return page, build.render(targets.ForGit(charts), found, params)


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """A template is compiled once for each kind of target, not for each of the hundreds of pages."""
    compile_now = jinja2.Environment.compile

    def compile_once(environment, *source):
        target = type(getattr(environment.finalize, "__self__", None))
        if (target, *source) not in COMPILED:
            COMPILED[target, *source] = compile_now(environment, *source)
        return COMPILED[target, *source]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", compile_once)
        yield


@pytest.fixture
def made(workdir) -> Path:
    """The current folder, with made-up results in it."""
    made_up.write(workdir)
    return workdir


@pytest.fixture(scope="session")
def charts(tmp_path_factory) -> dict[str, tuple[str, list[str]]]:
    """The charts of the made-up results, drawn once."""

    def table(name: str) -> list[dict[str, Any]]:
        return pd.DataFrame(made_up.tables()[name]).to_dict("records")

    metrics = json.loads(json.dumps(made_up.metrics()))
    return {name: (svg, sources) for name, svg, sources in figures.draw(table, metrics)}
