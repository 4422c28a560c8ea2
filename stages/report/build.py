"""report: results, pictures and explanations of this run, as Markdown for a Git host and as one page of HTML.

The page is made from the Markdown, with its pictures inlined. All numbers come from the results.
"""

import base64
import itertools
import re
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markdown_it import MarkdownIt
from markupsafe import Markup

from stages.core import artifacts
from stages.core.command import run
from stages.core.digits import SIDE
from stages.evaluation import charts
from stages.params import Params
from stages.report import autoencoder, denoiser, results, sentiment, textgen, wording

MARKDOWN = "report/README.md"
PAGE = "report/index.html"
CHARTS = "report/charts"
CARDS = "report/cards"
# Name of a model → its template and what the template needs besides the variables of the report.
MODELS: dict[str, tuple[str, dict[str, str]]] = {
    "autoencoder": ("autoencoder", {}),
    "denoiser-conv": ("denoiser", {"network": "conv", "kind": "A convolutional network"}),
    "denoiser-dense": ("denoiser", {"network": "dense", "kind": "A fully connected network"}),
    "sentiment": ("sentiment", {}),
    "textgen": ("textgen", {}),
}
TASKS = {"autoencoder": autoencoder, "denoiser": denoiser, "textgen": textgen, "sentiment": sentiment}
HERE = Path(__file__).parent


def main(params: Params) -> None:
    for task in TASKS.values():
        for name, figure in task.figures():
            artifacts.write_text(f"{CHARTS}/{name}.svg", charts.svg(figure))
    context = variables(params)
    markdown = render("report.md.j2", context)
    artifacts.write_text(MARKDOWN, markdown)
    page = html(markdown)
    artifacts.write_text(PAGE, page)
    for name in MODELS:
        artifacts.write_text(f"{CARDS}/{name}.md", card(name, context))
    print(f"{PAGE}: {len(page.encode()) / 1000:.0f} kB; open it in a browser")


def variables(params: Params) -> dict[str, Any]:
    """The variables of all templates: the metrics of each task, and what its module makes of them."""
    context = {name: results.measured(name) | task.variables() for name, task in TASKS.items()}
    context["autoencoder"]["augmented"] = params.autoencoder.training.shifted > 0
    context["sentiment"]["more_steps"] = 2 * params.sentiment.training.steps
    return context | {"datasets": {name: results.provenance(name) for name in results.DATASETS}, "side": SIDE}


def card(name: str, context: dict[str, Any]) -> str:
    """The card of a model: what it is, its data, results and limits, and how to load it (Mitchell et al. 2019, "Model
    cards for model reporting", FAT*, pp. 220-229).
    """
    template, more = MODELS[name]
    return render(f"cards/{template}.md.j2", context | more)


def render(template: str, context: dict[str, Any]) -> str:
    """A template as Markdown."""
    environment = environment_of_templates()
    references = yaml.safe_load(artifacts.read_text(HERE / "references.yaml"))
    cited: set[str] = set()

    def cite(*keys: str) -> Markup:
        cited.update(keys)
        return Markup("; ").join(Markup("[{}](#{})").format(references[key]["short"], key) for key in keys)

    for form in wording.FORMS:
        environment.filters[form] = lambda value, form=form: wording.formatted(value, form)
    environment.filters |= {"listed": wording.listed, "literal": wording.literal, "bold": wording.bold}
    environment.globals |= {
        "cite": cite,
        "cited": lambda: [(key, references[key]) for key in sorted(cited)],
        "few": wording.FEW,
        "span": wording.span,
        "verbatim": wording.verbatim,
    }
    return environment.get_template(template).render(context)


def environment_of_templates() -> jinja2.Environment:
    """Jinja, which escapes every text for HTML, and refuses unknown variables and numbers without a format."""

    def checked(value: Any) -> Any:
        if isinstance(value, float):
            raise TypeError(f"{value!r} has no format: use a filter of stages/report/wording.py")
        return value

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=checked,
    )


def html(markdown: str) -> str:
    """The Markdown of the report as a page of HTML that needs no other file."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(markdown)
    title, contents = "", []
    for token, inside in itertools.pairwise(tokens):
        if token.type == "heading_open":
            name = inside.content
            anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")  # as Git hosts make it
            token.attrSet("id", anchor)
            title = title or name
            if token.tag == "h2":
                contents.append((anchor, name.split(":")[0]))
    for token in tokens:
        for child in token.children or ():
            if child.type == "image":
                child.attrSet("src", inlined(str(child.attrGet("src"))))
    body = reader.renderer.render(tokens, reader.options, {})
    # A wide table scrolls within the page and can be reached by keyboard.
    body = body.replace("<table>", '<div class="table" tabindex="0" role="region" aria-label="table"><table>')
    body = body.replace("</table>", "</table></div>")
    style = Markup(artifacts.read_text(HERE / "templates" / "style.css"))
    page = environment_of_templates().get_template("page.html.j2")
    return page.render(title=title, style=style, contents=contents, body=Markup(body))


def inlined(path: str) -> str:
    """A picture of the report, by its path from report/, as a data URL."""
    kind = "svg+xml" if path.endswith(".svg") else "png"
    content = artifacts.read_bytes(Path(MARKDOWN).parent / path)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


if __name__ == "__main__":
    run(main)
