"""report: results, pictures and explanations of this run, as one page of HTML and as Markdown for a Git host.

Both come from the same Markdown templates, whose numbers are all read from metrics/ and plots/. On the page, each
number, and each word that depends on one, names its source.
"""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markdown_it import MarkdownIt
from markupsafe import Markup

from stages.core import artifacts
from stages.core.command import run
from stages.params import Params
from stages.report import context, figures
from stages.report.context import wording
from stages.report.measured import Word, sources_of
from stages.report.results import read
from stages.report.targets import ForGit, ForPage, verbatim

PAGE = "report/index.html"
MARKDOWN = "report/README.md"
CHARTS = Path("report/charts")
CARDS = Path("report/cards")
# Name of a model → its template and what the template needs besides the variables of the report.
MODELS: dict[str, tuple[str, dict[str, str]]] = {
    "autoencoder": ("autoencoder", {}),
    "denoiser-conv": ("denoiser", {"network": "conv", "kind": "A convolutional network"}),
    "denoiser-dense": ("denoiser", {"network": "dense", "kind": "A fully connected network"}),
    "sentiment": ("sentiment", {}),
    "textgen": ("textgen", {}),
}
HERE = Path(__file__).parent


def main(params: Params) -> None:
    results = read()
    charts = {name: (svg, drawn_from) for name, svg, drawn_from in figures.draw(results["table"], results["metrics"])}
    for name, (svg, _) in charts.items():
        artifacts.write_text(CHARTS / f"{name}.svg", svg)
    page = html(render(ForPage(charts), results, params))
    artifacts.write_text(PAGE, page)
    artifacts.write_text(MARKDOWN, render(ForGit(charts), results, params))
    for name in MODELS:
        artifacts.write_text(CARDS / f"{name}.md", card(name, results, params))
    print(f"{PAGE}: {len(page.encode()) / 1000:.0f} kB; open it in a browser")


def card(name: str, results: dict[str, Any], params: Params) -> str:
    """The card of a model: what it is, its data, results and limits, and how to load it (Mitchell et al. 2019, "Model
    cards for model reporting", FAT*, pp. 220-229).
    """
    template, more = MODELS[name]
    return render(ForGit({}), results, params, template=f"cards/{template}.md.j2", more=more)


def render(
    target: ForGit,
    results: dict[str, Any],
    params: Params,
    *,
    template: str = "report.md.j2",
    more: dict[str, str] | None = None,
) -> str:
    """A template as Markdown.

    Args:
        target: its form.
        results: of `read`.
        params: all of params.yaml.
        template: the report, or a model's card.
        more: variables of the template alone.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=target.mark,
    )
    references = yaml.safe_load(artifacts.read_text(HERE / "references.yaml"))
    cited: list[str] = []

    def cite(*keys: str) -> Markup:
        cited.extend(keys)
        links = [Markup("[{}](#{})").format(references[key]["short"], key) for key in keys]
        return Markup("; ").join(links)

    environment.filters |= {name: _figured(form) for name, form in wording.FORMS.items()}
    environment.filters |= {"say": wording.say, "listed": wording.listed, "literal": target.literal}
    environment.globals |= {
        "picture": target.picture,
        "chart": target.chart,
        "row": target.side_by_side,
        "command": target.command,
        "cite": cite,
        "span": wording.span,
        "cited": lambda: [(key, references[key]) for key in sorted(set(cited))],
        "verbatim": verbatim,
        "panels": lambda texts: target.side_by_side(*(target.panel(*pair) for pair in texts)),
    }
    return environment.get_template(template).render(context.of(results, params) | (more or {}))


def _figured(form: Callable[[float], str]) -> Callable[[Any], Word]:
    """A filter that formats a measured number and keeps the number and its sources."""

    def figure(value: float) -> Word:
        word = Word(form(float(value)), sources_of(value))
        word.number = float(value)
        return word

    return figure


def html(text: str) -> str:
    """The Markdown of the report as a page of HTML."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(text)
    title, contents = "", []
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            title = inside.content
        if token.type == "heading_open" and token.tag in ("h2", "h3"):
            name = inside.content
            anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
            token.attrSet("id", anchor)
            if token.tag == "h2":
                contents.append((anchor, name.split(":")[0]))
    body = reader.renderer.render(tokens, reader.options, {})
    # A wide table scrolls within the page and can be reached by keyboard.
    body = body.replace("<table>", '<div class="table" tabindex="0" role="region" aria-label="table"><table>')
    body = body.replace("</table>", "</table></div>")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), undefined=jinja2.StrictUndefined, autoescape=True
    )
    style = Markup(artifacts.read_text(HERE / "templates" / "style.css"))
    return environment.get_template("page.html.j2").render(
        title=title, style=style, contents=contents, body=Markup(body)
    )


if __name__ == "__main__":
    run(main)
