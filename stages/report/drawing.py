"""Charts as SVG: sharp at any size, in light or dark colours as the reader's system asks, always the same bytes."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from stages.evaluation.charts import COLOURS, drawn

INK, FAINT = "#010101", "#020202"  # placeholders, replaced by the reader's colours in `svg`
DARK = ("#56b4e9", "#ff8c42", "#2fc594", "#e6a5c9", "#f0b840", "#9ad4f5", "#e6edf3")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), "-")  # so that colour is not the only distinction
MARKERS = "os^Dv*P"
LOOK = {
    "svg.hashsalt": "reprise",
    "svg.fonttype": "none",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "lines.markersize": 3.5,
    "legend.fontsize": 8,
    "legend.framealpha": 0,
}
STYLE = (
    "svg{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#1f2328;--faint:#d8dce1;"
    + "".join(f"--c{i}:{colour};" for i, colour in enumerate(COLOURS))
    + "}@media(prefers-color-scheme:dark){svg{color:#e6edf3;--faint:#3a4048;"
    + "".join(f"--c{i}:{colour};" for i, colour in enumerate(DARK))
    + "}}"
)
Curve = tuple[Sequence[float], Sequence[float]]


def svg(figure: Figure) -> str:
    """A figure as SVG for `<img>`: text as text, colours as variables, no date."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text[text.index("<svg") :]
    for number, colour in enumerate(COLOURS):
        text = text.replace(colour, f"var(--c{number})")
    text = text.replace(INK, "currentColor").replace(FAINT, "var(--faint)")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r" font-family: [^;\"]*;| transform=\"rotate\(-0 [^)]*\)\"", "", text)  # one for all, in STYLE
    # Coordinates are rounded to hundredths; text stays as it is.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d{3,}", lambda x: f"{float(x[0]):.2f}", tag[0]), text)
    text = re.sub(r"\n\s*", "\n", text)
    return re.sub(r"(<svg[^>]*>)", rf"\1<style>{STYLE}</style>", text, count=1)


def lines(
    curves: Mapping[str, Curve],
    *,
    x_label: str,
    y_label: str,
    points: Mapping[str, tuple[float, float]] | None = None,
    diagonal: bool = False,
    from_zero: bool = False,
    y_top: float | None = None,
    markers: bool = True,
    log: bool = False,
    ticks: Sequence[str] = (),
) -> str:
    """Curves in one chart; labels name quantity and unit.

    Args:
        curves: label → (x values, y values).
        x_label: quantity and unit.
        y_label: quantity and unit.
        points: label → (x, y), marked with a ring.
        diagonal: draw y = x too.
        from_zero: the y axis begins at 0.
        y_top: where the y axis ends, from 0.
        markers: mark each value.
        log: the x axis is logarithmic.
        ticks: what the x values 0, 1, 2, ... stand for; none: numbers.
    """
    with matplotlib.rc_context(LOOK):
        figure, axis = plt.subplots(figsize=(4.5, 3.1))
        for number, (label, (x, y)) in enumerate(curves.items()):
            style = {"linestyle": LINES[number % 7], "color": COLOURS[number % 7], "linewidth": 1.6}
            axis.plot(x, y, marker=MARKERS[number % 7] if markers else None, label=label, **style)
        for number, (label, (x, y)) in enumerate((points or {}).items(), start=len(curves)):
            style = {"linestyle": "none", "markersize": 8, "markerfacecolor": "none", "markeredgewidth": 2}
            axis.plot([x], [y], marker=MARKERS[number % 7], color=COLOURS[number % 7], label=label, **style)
        if diagonal:
            axis.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        axis.set(xlabel=x_label, ylabel=y_label)
        _mark(axis, sorted({float(value) for x, _ in curves.values() for value in x}), ticks, log=log)
        if from_zero or y_top:
            axis.set_ylim(0, y_top)
        if len(curves) + len(points or {}) > 1:
            figure.legend(loc="outside upper center", ncols=3, columnspacing=1.2, handlelength=2.2)
        return svg(figure)


def _mark(axis: Axes, places: Sequence[float], ticks: Sequence[str], *, log: bool) -> None:
    """Ticks on the x axis: names, upright where they are long or many, or numbers."""
    if log:
        axis.set_xscale("log")
        fits = _readable(places)
        axis.set_xticks(places, [f"{place:,.0f}" if fit else "" for place, fit in zip(places, fits, strict=True)])
        axis.minorticks_off()
    elif ticks:
        labels = [drawn(tick if len(tick) <= 20 else f"{tick[:19]}…") for tick in ticks]
        turned = {"rotation": 90 if len("".join(labels)) > 40 else 0, "fontsize": min(8, 180 / len(ticks))}
        axis.set_xticks(range(len(ticks)))
        axis.set_xticklabels(labels, parse_math=False, **turned)
    elif all(place.is_integer() for place in places):
        few = len(places) <= 10
        axis.xaxis.set_major_locator(FixedLocator(places) if few else MaxNLocator(integer=True))


def _readable(places: Sequence[float], share: float = 0.15) -> list[bool]:
    """Which labels of a logarithmic axis fit: those whose next place is at least this share of the axis away."""
    least = share * np.log(places[-1] / places[0])
    return list(np.diff(np.log(places), append=np.inf) >= least)


def intervals(rows: Sequence[tuple[str, float, float, float]], *, x_label: str, zero: bool = False) -> str:
    """Values with their 95 % intervals, one per row: (label, value, low, high).

    Args:
        rows: from top to bottom.
        x_label: quantity and unit.
        zero: draw a line at 0, and colour intervals that lie wholly on one side of it.
    """
    with matplotlib.rc_context(LOOK):
        figure, axis = plt.subplots(figsize=(4.5, 0.7 + 0.2 * len(rows)))
        for place, (_, value, low, high) in enumerate(rows):
            colour = COLOURS[0]
            if zero:
                colour = COLOURS[2] if low > 0 else COLOURS[1] if high < 0 else INK
                axis.barh(place, value, height=0.62, color=colour, alpha=0.35)
            axis.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
            axis.plot([value], [place], marker="o", color=colour)
        if zero:
            axis.axvline(0, color=INK, linewidth=0.8)
        axis.set(yticks=range(len(rows)), yticklabels=[label for label, *_ in rows], xlabel=x_label)
        axis.tick_params(axis="y", length=0)
        axis.grid(visible=False, axis="y")
        axis.set_ylim(len(rows) - 0.4, -0.6)
        return svg(figure)


def shares(panels: Mapping[str, Sequence[tuple[str, float]]], *, x_label: str) -> str:
    """Distributions over the same categories in panels: title → [(category, share)]."""
    with matplotlib.rc_context(LOOK):
        lines_of = -(-len(panels) // 2)
        size = (4.5, 0.4 + lines_of * (0.5 + 0.17 * max(map(len, panels.values()))))
        figure, axes = plt.subplots(lines_of, 2, figsize=size, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for number, (axis, (title, rows)) in enumerate(zip(axes.flat, panels.items(), strict=False)):
            places = range(len(rows))
            axis.barh(places, [share for _, share in rows], color=COLOURS[number % 7], height=0.7)
            for place, (_, share) in zip(places, rows, strict=True):
                axis.text(share + 0.03, place, f"{share:.0%}", va="center", fontsize=8)
            axis.set_title(title, fontsize=9)
            axis.set(xlim=(0, 1.25), xticks=[0, 0.5, 1], yticks=places)
            axis.set_yticklabels([label for label, _ in rows], parse_math=False)
            axis.tick_params(axis="y", length=0)
            axis.grid(visible=False, axis="y")
        axes[0][0].invert_yaxis()
        figure.supxlabel(x_label, fontsize=9)
        return svg(figure)


def plan(rows: Sequence[Mapping[str, Any]]) -> str:
    """A network from input to output: a bar for each layer, its width the square root of the output's size."""
    with matplotlib.rc_context(LOOK):
        figure, axis = plt.subplots(figsize=(4.5, 0.3 + 0.3 * len(rows)))
        widths = np.sqrt([float(row["values"]) for row in rows])
        widths = widths / max(widths)
        for place, (row, width) in enumerate(zip(rows, widths, strict=True)):
            colour = COLOURS[5] if row["kind"] == "Input" else COLOURS[0]
            axis.barh(place, width, left=-width / 2, height=0.62, color=colour, alpha=0.75)
            axis.text(-0.56, place, row["layer"].replace("_", " "), ha="right", va="center")
            count = float(row["parameters"])
            label = f"{row['output']}" + (f" · {count:,.0f}" if count else "")
            axis.text(0.56, place, label, ha="left", va="center", fontsize=8)
        axis.set(xlim=(-1.25, 1.35), ylim=(len(rows) - 0.4, -0.6))
        axis.set_axis_off()
        return svg(figure)
