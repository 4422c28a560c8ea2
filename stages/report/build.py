"""report: every result, picture and explanation of this run, as a page of its own and as Markdown for a Git host.

One text serves both: Markdown templates, whose numbers are all read from metrics/ and plots/. The page marks each
number, and each word that follows from one, with where it was measured.
"""

import base64
import itertools
import re
import struct
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
from stages.report import figures, story
from stages.report.measured import Measured, Truth, Word, measured, sources_of

PAGE = "report/index.html"
MARKDOWN = "report/README.md"
CHARTS = Path("report/charts")
HERE = Path(__file__).parent
TASKS = ("autoencoder", "denoiser", "textgen", "sentiment")
TEXTS = {
    "samples": "models/textgen-samples.json",
    "plays": "data/textgen/examples.json",
    "reviews": "data/sentiment/examples.json",
    "mistakes": "data/sentiment/mistakes.json",
    "invented": "data/denoiser/invented.json",
}
DATASETS = ("digits", "text", "reviews")
# All that may mean something to Markdown, HTML or a Git host, also at the beginning of a line.
MARKS = re.compile(r"[!#$&*+\-./:<=>@\[\\\]^_`{|}~]")


def main(params: Params) -> None:
    results = read()
    charts = {name: (svg, drawn_from) for name, svg, drawn_from in figures.draw(results["table"], results["metrics"])}
    for name, (svg, _) in charts.items():
        artifacts.write_text(CHARTS / f"{name}.svg", svg)
    page = html(render(ForPage(charts), results, params))
    artifacts.write_text(PAGE, page)
    artifacts.write_text(MARKDOWN, render(ForGit(charts), results, params))
    print(f"{PAGE}: {len(page.encode()) / 1000:.0f} kB, opens in any browser")


def read() -> dict[str, Any]:
    """All results, numbers as `Measured`.

    Returns:
        `metrics` by task; `table`, from the name of a series ("autoencoder/sizes") to its rows; the `texts` of `TEXTS`;
        where the `datasets` come from.
    """
    tables: dict[str, list[dict[str, Any]]] = {}

    def table(name: str) -> list[dict[str, Any]]:
        if name not in tables:
            path = f"plots/{name}.csv"
            tables[name] = [
                {
                    key: Measured(value, [path]) if isinstance(value, int | float) else Word(value, [path])
                    for key, value in row.items()
                }
                for row in artifacts.read_csv(path).to_dict("records")
            ]
        return tables[name]

    paths = {task: f"metrics/{task}.json" for task in TASKS}
    return {
        "metrics": {task: measured(artifacts.read_json(path), path) for task, path in paths.items()},
        "table": table,
        "texts": {name: measured(artifacts.read_json(path), path) for name, path in TEXTS.items()},
        "datasets": {name: artifacts.read_json(f"data/raw/{name}.json") for name in DATASETS},
    }


class ForGit:
    """How things are written for a Git host: plain numbers, pictures by their path from report/.

    Args:
        charts: name → (SVG, what it was drawn from).
    """

    def __init__(self, charts: dict[str, tuple[str, list[str]]]) -> None:
        self.charts = charts

    def mark(self, value: Any) -> Any:
        """What an expression of a template gives, as it is written."""
        if isinstance(value, Measured | Truth):
            raise TypeError(f"{value!r} of {sorted(value.sources)} is neither formatted nor said in words")
        return value

    def picture(self, name: str, alt: str, caption: str = "") -> Markup:
        """A PNG of plots/, such as "autoencoder/sizes"."""
        return self._image(f"../plots/{name}.png", alt, caption)

    def chart(self, name: str, alt: str, caption: str = "") -> Markup:
        """A chart that the report has drawn."""
        return self._image(f"charts/{name}.svg", alt, caption)

    def side_by_side(self, *blocks: Markup) -> Markup:
        """Figures next to each other where there is room."""
        return Markup("\n\n").join(blocks)

    def command(self, *parts: Any) -> Markup:
        """A command to type, of text and of formatted numbers."""
        return Markup("```console\n$ {}\n```").format(Markup("".join(map(str, parts))))

    def panel(self, title: Any, text: str) -> Markup:
        """A text under its title."""
        return Markup("**{}**\n\n{}").format(title, verbatim(text))

    def _image(self, path: str, alt: str, caption: str) -> Markup:
        # In Markdown a bracket would end the alternative text.
        told = Markup("\n\n*{}*").format(caption) if caption else ""
        return Markup("![{}]({}){}").format(Markup(literal(str(alt))), path, told)


class ForPage(ForGit):
    """How things are written for the page, which needs no other file; numbers and words tell their sources."""

    def mark(self, value: Any) -> Any:
        """As `ForGit.mark`, in an element whose title names the sources."""
        super().mark(value)
        if isinstance(value, Word):
            number = getattr(value, "number", None)
            start = Markup("<span") if number is None else Markup('<data value="{}"').format(f"{number:.6g}")
            return Markup('{} title="{}">{}</{}>').format(
                start, told(value.sources), str(value), "span" if number is None else "data"
            )
        return value

    def picture(self, name: str, alt: str, caption: str = "") -> Markup:
        """The PNG, inlined."""
        content = artifacts.read_bytes(f"plots/{name}.png")
        width, height = struct.unpack(">II", content[16:24])
        return self._figure(
            f"image/png;base64,{base64.b64encode(content).decode()}", alt, caption, (width, height), "png"
        )

    def chart(self, name: str, alt: str, caption: str = "") -> Markup:
        """The SVG, inlined as an image: its names and style stay its own."""
        svg, sources = self.charts[name]
        width, height = (float(size) for size in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
        return self._figure(
            f"image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}",
            alt,
            caption,
            (round(1.4 * width), round(1.4 * height)),
            "chart",
            told(source if " " in source else f"plots/{source}.csv" for source in sources),
        )

    def side_by_side(self, *blocks: Markup) -> Markup:
        """Figures in a row that breaks on a narrow screen."""
        return Markup('<div class="row">{}</div>').format(Markup("").join(blocks))

    def command(self, *parts: Any) -> Markup:
        """As `ForGit.command`, numbers marked."""
        return Markup("<pre><code>{}</code></pre>").format(Markup("").join(map(self.mark, parts)))

    def panel(self, title: Any, text: str) -> Markup:
        """As `ForGit.panel`; in HTML, so that panels stand side by side. A line break must not end the block."""
        body = Markup(str(verbatim(text)).replace("\n", "&#10;"))
        return Markup("<div><p><strong>{}</strong></p>{}</div>").format(self.mark(title), body)

    def _figure(
        self, data: str, alt: str, caption: str, size: tuple[int, int], kind: str, title: str | None = None
    ) -> Markup:
        hint = Markup(' title="{}"').format(title) if title else ""
        below = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
        return Markup('<figure class="{}"><img src="data:{}" alt="{}" width="{}" height="{}"{}>{}</figure>').format(
            kind, data, str(alt), *size, hint, below
        )


def told(sources: Any) -> str:
    """Sources in one line."""
    return "; ".join(sorted(sources))


def verbatim(text: str) -> Markup:
    """Text as it stands, lines and all; a blank line would end HTML in Markdown, but not within <pre>."""
    return Markup("<pre>{}</pre>").format(str(text).strip("\n"))


def literal(text: str) -> str:
    """Text of data or of people as Markdown and HTML that mean just this text, in one line."""
    return MARKS.sub(lambda match: f"&#{ord(match[0])};", " ".join(str(text).split()))


def render(target: ForGit, results: dict[str, Any], params: Params) -> str:
    """The report as Markdown, for one of the two targets."""
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

    environment.filters |= {name: _figured(form) for name, form in story.FORMS.items()}
    environment.filters |= {"say": story.say, "listed": story.listed, "literal": lambda text: Markup(literal(text))}
    environment.globals |= {
        "picture": target.picture,
        "chart": target.chart,
        "row": target.side_by_side,
        "command": target.command,
        "cite": cite,
        "span": story.span,
        "cited": lambda: [(key, references[key]) for key in sorted(set(cited))],
        "verbatim": verbatim,
        "panels": lambda texts: target.side_by_side(*(target.panel(*pair) for pair in texts)),
    }
    return environment.get_template("report.md.j2").render(story.of(results, params))


def _figured(form: Callable[[float], str]) -> Callable[[Any], Word]:
    """A filter that writes a measured number in some form; the number and its sources stay with it."""

    def figure(value: float) -> Word:
        word = Word(form(float(value)), sources_of(value))
        word.number = float(value)
        return word

    return figure


def html(text: str) -> str:
    """The Markdown of the report as a whole page."""
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
    # Wide tables scroll by themselves, not the page; a keyboard can reach them.
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
