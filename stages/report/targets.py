"""The two forms of the report, Markdown for a Git host and a page of HTML: numbers, pictures, commands in each."""

import base64
import re
import struct
from typing import Any

from markupsafe import Markup

from stages.core import artifacts
from stages.report.measured import Measured, Truth, Word
from stages.report.results import path_of

# Characters with a meaning in Markdown, in HTML or on a Git host, also at the beginning of a line.
MARKS = re.compile(r"[!#$&*+\-./:<=>@\[\\\]^_`{|}~]")


class ForGit:
    """Markdown for a Git host: plain numbers, pictures by their path from report/.

    Args:
        charts: name → (SVG, sources).
    """

    def __init__(self, charts: dict[str, tuple[str, list[str]]]) -> None:
        self.charts = charts

    def mark(self, value: Any) -> Any:
        """The value of an expression in a template, as it is written. Raises TypeError for an unformatted number."""
        if isinstance(value, Measured | Truth):
            raise TypeError(f"{value!r} of {sorted(value.sources)} has no format: use a filter or words")
        return value

    def literal(self, text: str) -> Markup:
        """Text from data, escaped."""
        return Markup(literal(text))

    def picture(self, name: str, alt: str, caption: str = "") -> Markup:
        """A PNG of plots/, such as "autoencoder/sizes"."""
        return self._image(f"../plots/{name}.png", alt, caption)

    def chart(self, name: str, alt: str, caption: str = "") -> Markup:
        """A chart drawn for the report."""
        return self._image(f"charts/{name}.svg", alt, caption)

    def side_by_side(self, *blocks: Markup) -> Markup:
        """Figures in a row where the page is wide enough."""
        return Markup("\n\n").join(blocks)

    def command(self, *parts: Any) -> Markup:
        """A command to type, made of text and formatted numbers."""
        return Markup("```console\n$ {}\n```").format(Markup("".join(map(str, parts))))

    def panel(self, title: Any, text: str) -> Markup:
        """A text under its title."""
        return Markup("**{}**\n\n{}").format(title, verbatim(text))

    def _image(self, path: str, alt: str, caption: str) -> Markup:
        # In Markdown a bracket would end the alternative text.
        below = Markup("\n\n*{}*").format(caption) if caption else ""
        return Markup("![{}]({}){}").format(Markup(literal(str(alt))), path, below)


class ForPage(ForGit):
    """HTML for the page, which needs no other file; a tooltip on numbers and words names their sources."""

    def mark(self, value: Any) -> Any:
        """As `ForGit.mark`, in an element whose title names the sources."""
        super().mark(value)
        if isinstance(value, Word):
            number = getattr(value, "number", None)
            start = Markup("<span") if number is None else Markup('<data value="{}"').format(f"{number:.6g}")
            return Markup('{} title="{}">{}</{}>').format(
                start, joined(value.sources), str(value), "span" if number is None else "data"
            )
        return value

    def literal(self, text: str) -> Markup:
        """As `ForGit.literal`; of a `Word` with its sources."""
        if not isinstance(text, Word):
            return super().literal(text)
        return Markup('<span title="{}">{}</span>').format(joined(text.sources), super().literal(text))

    def picture(self, name: str, alt: str, caption: str = "") -> Markup:
        """The PNG, inlined."""
        content = artifacts.read_bytes(f"plots/{name}.png")
        width, height = struct.unpack(">II", content[16:24])
        return self._figure(
            f"image/png;base64,{base64.b64encode(content).decode()}", alt, caption, (width, height), "png"
        )

    def chart(self, name: str, alt: str, caption: str = "") -> Markup:
        """The SVG, inlined as an image, so that its ids and style do not mix with the page's."""
        svg, sources = self.charts[name]
        width, height = (float(size) for size in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
        return self._figure(
            f"image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}",
            alt,
            caption,
            (round(1.4 * width), round(1.4 * height)),
            "chart",
            joined(source if " " in source else path_of(source) for source in sources),
        )

    def side_by_side(self, *blocks: Markup) -> Markup:
        """Figures in a row that breaks on a narrow screen."""
        return Markup('<div class="row">{}</div>').format(Markup("").join(blocks))

    def command(self, *parts: Any) -> Markup:
        """As `ForGit.command`, with marked numbers."""
        return Markup("<pre><code>{}</code></pre>").format(Markup("").join(map(self.mark, parts)))

    def panel(self, title: Any, text: str) -> Markup:
        """As `ForGit.panel`; in HTML, so that panels are in one row. A line break must not end the block."""
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


def joined(sources: Any) -> str:
    """Sources in one line."""
    return "; ".join(sorted(sources))


def verbatim(text: str) -> Markup:
    """Text with its line breaks; in <pre>, a blank line does not end the HTML block."""
    return Markup('<pre dir="auto">{}</pre>').format(str(text).strip("\n"))


def literal(text: str) -> str:
    """Text from data, escaped for Markdown and HTML, in one line."""
    return MARKS.sub(lambda match: f"&#{ord(match[0])};", " ".join(str(text).split()))
