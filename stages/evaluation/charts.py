"""Pictures in one style."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure

# Okabe & Ito's colours, which colour-blind readers can distinguish; the Vega templates in .dvc/plots use them too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
FONT = "DejaVu Sans Mono"  # matplotlib brings it along: the same on every machine
MISSING = "□"
GAP = 3  # pixels between two images of a grid

matplotlib.rcdefaults()
matplotlib.rcParams.update(
    {
        "figure.dpi": 100,
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#dddddd",
        "image.cmap": "gray",
        "legend.frameon": False,
    }
)


def image_grid(rows: Mapping[str, np.ndarray], *, title: str, columns: Sequence[str] = ()) -> Figure:
    """Rows of images, one method a row, the same images in the same columns.

    Args:
        rows: label of the row → images, shape (n, height, width), values in [0, 1].
        title: above the picture.
        columns: labels above the columns, or none.
    """
    count = max(len(images) for images in rows.values())
    height, width = next(iter(rows.values())).shape[1:]
    step_y, step_x = height + GAP, width + GAP
    # One picture for all: axes for each image take ten times as long.
    whole = np.ones((len(rows) * step_y - GAP, count * step_x - GAP), np.float32)
    for row, images in enumerate(rows.values()):
        for column, image in enumerate(images):
            top, left = row * step_y, column * step_x
            whole[top : top + height, left : left + width] = image
    above = max((1 + label.count("\n") for label in columns), default=0)  # lines
    width_of_all = max(1.9 + 0.72 * count, 0.1 * len(title))  # no narrower than the title
    size = (width_of_all, 0.4 + 0.15 * above + 0.76 * len(rows))
    figure, axis = plt.subplots(figsize=size, layout="compressed")
    axis.imshow(whole, vmin=0, vmax=1, interpolation="nearest")
    axis.set_yticks(np.arange(len(rows)) * step_y + (height - 1) / 2, list(rows))
    axis.set_xticks(np.arange(len(columns)) * step_x + (width - 1) / 2, columns, fontsize=9, parse_math=False)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    figure.suptitle(title)
    return figure


def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str, x_label: str, y_label: str
) -> Figure:
    """Curves in one chart.

    Args:
        series: label → (x values, y values).
        title: above the chart.
        x_label: quantity and unit.
        y_label: quantity and unit.
    """
    figure, axis = plt.subplots(figsize=(6.4, 4))
    for label, (x, y) in series.items():
        axis.plot(x, y, marker="o", markersize=4, label=label)
    axis.set(title=title, xlabel=x_label, ylabel=y_label)
    axis.legend()
    return figure


def matrix(
    counts: np.ndarray, *, labels: Sequence[str], title: str, x_label: str = "predicted", y_label: str = "actual"
) -> Figure:
    """A matrix of counts, such as a confusion matrix: shape (k, k), rows actual, columns predicted."""
    figure, axis = plt.subplots(figsize=(1.6 + 1.3 * len(labels), 1.3 + 1.1 * len(labels)))
    axis.imshow(counts, cmap="Blues", vmin=0)
    axis.grid(visible=False)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        share = count / max(1, counts[row].sum())
        axis.text(column, row, f"{count}\n{share:.1%}", ha="center", va="center", color=colour)
    axis.set(xticks=range(len(labels)), yticks=range(len(labels)), xticklabels=labels, yticklabels=labels)
    axis.set(title=title, xlabel=x_label, ylabel=y_label)
    return figure


def drawable() -> set[str]:
    """The characters that the font of `text_page` has, and the line break."""
    font = font_manager.get_font(font_manager.findfont(FONT))
    return {"\n", "\t", "\r", *map(chr, font.get_charmap())}


def drawn(text: str) -> str:
    """A text with `MISSING` for each character that the font lacks."""
    return _without(set(text) - drawable(), text)


def _without(lacking: set[str], text: str) -> str:
    return text.translate({ord(character): MISSING for character in lacking})


def text_page(passages: Mapping[str, str], *, title: str, width: int = 60, columns: int = 1) -> Figure:
    """Passages of text as a picture, each under its heading.

    Args:
        passages: heading → text; line feeds are kept, longer lines are wrapped.
        title: above the picture.
        width: characters in a line.
        columns: passages side by side.

    Characters that the font lacks are drawn as `MISSING`, and a line is printed that says so.
    """
    lacking = set("".join([title, *passages.values()])) - drawable()
    if lacking:
        print(
            f"the pictures' font lacks {len(lacking)} of the characters, such as {min(lacking)!r}: drawn as {MISSING}"
        )
    title, *texts = (_without(lacking, text) for text in [title, *passages.values()])
    wrapped = {
        heading: [part for line in text.split("\n") for part in textwrap.wrap(line, width) or [""]]
        for heading, text in zip(passages, texts, strict=True)
    }
    blocks = list(wrapped.items())
    rows = [blocks[start : start + columns] for start in range(0, len(blocks), columns)]
    heights = [3 + max(len(text) for _, text in row) for row in rows]  # 3: for the heading
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(0.4 + columns * width * 0.07, 0.4 + 0.132 * sum(heights)),
        height_ratios=heights,
        squeeze=False,
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for line, row in zip(axes, rows, strict=True):
        for axis, (heading, text) in zip(line, row, strict=False):
            axis.set_title(heading, loc="left", fontweight="bold")
            axis.text(
                *(0, 1, "\n".join(text)),
                **{"family": FONT, "fontsize": 8, "va": "top", "transform": axis.transAxes},
                parse_math=False,
            )
    figure.suptitle(title)
    return figure
