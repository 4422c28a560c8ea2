"""Pictures in one style, figures that `artifacts.write_png` or `svg` writes; and what classes are called in them."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from stages.core.split import PARTS, every

# Okabe & Ito's colours, which colour-blind readers can distinguish; the Vega templates in .dvc/plots use them too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
GREY = "#767676"
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), "-")  # colour is not the only distinction
MARKERS = "os^Dv*P"
FONT = "DejaVu Sans Mono"  # matplotlib brings it along: the same on every machine
MISSING = "□"
GAP = 3  # pixels between two images of a grid
SHOWN = 10  # classes in a picture at most
WIDEST = 8  # characters of a name above a picture of 28 pixels
FILTERS = {  # by their names in stages/denoiser/baselines.py
    "non_local_means": "non-local means",
    "gaussian": "Gaussian blur",
    "total_variation": "total variation",
    "median_gaussian": "median + Gaussian blur",
}

matplotlib.rcdefaults()
matplotlib.rcParams.update(
    {
        "figure.dpi": 100,
        "figure.figsize": (5.4, 3.6),
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "text.parse_math": False,  # a dollar in a text is a dollar
        "axes.titlesize": 11,
        "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#dddddd",
        "image.cmap": "gray",
        "legend.frameon": False,
        "lines.markersize": 4,
        "svg.fonttype": "none",
        "svg.hashsalt": "reprise",
    }
)


def svg(figure: Figure) -> str:
    """A figure as SVG, closed then: text as text, always the same bytes."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def image_grid(rows: Mapping[str, np.ndarray], *, title: str, columns: Sequence[str] = ()) -> Figure:
    """Rows of images, one method a row, the same images in the same columns.

    `rows` maps a label to images of shape (n, height, width), values in [0, 1]; `columns` are labels above, or none.
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
    axis.set_xticks(np.arange(len(columns)) * step_x + (width - 1) / 2, columns, fontsize=9)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    figure.suptitle(title)
    return figure


def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, x_label: str, y_label: str, markers: bool = True
) -> Figure:
    """Curves in one chart, label → (x values, y values); the labels of the axes name quantity and unit."""
    figure, axis = plt.subplots()
    for number, (label, (x, y)) in enumerate(series.items()):
        axis.plot(x, y, linestyle=LINES[number % 7], marker=MARKERS[number % 7] if markers else None, label=label)
    axis.set(xlabel=x_label, ylabel=y_label)
    places = sorted({float(place) for x, _ in series.values() for place in x})
    if all(place.is_integer() for place in places):
        axis.xaxis.set_major_locator(FixedLocator(places) if len(places) <= 10 else MaxNLocator(integer=True))
    if len(series) > 1:
        figure.legend(loc="outside upper center", ncols=3, fontsize=9, columnspacing=1.2)
    return figure


def losses(rows: Sequence[Mapping[str, float]], unit: str) -> Figure:
    """Loss on training and validation data by epoch; the first one, which would flatten the rest, is left out."""
    later = rows[1:] if len(rows) > 2 else rows
    epochs, training, validation = ([row[key] for row in later] for key in ("epoch", "loss", "val_loss"))
    series = {"training": (epochs, training), "validation": (epochs, validation)}
    x_label = "epoch" if later is rows else "epoch, from the second on"
    return lines(series, x_label=x_label, y_label=f"loss ({unit})")


def make_logarithmic(axis: Axes) -> None:
    """A logarithmic x axis with a tick at each value; of neighbours that would overlap, the later one has the label."""
    places = sorted({float(place) for line in axis.lines for place in line.get_xdata()})
    least = 0.15 * np.log(places[-1] / places[0])
    fits = np.diff(np.log(places), append=np.inf) >= least
    axis.set_xscale("log")
    axis.set_xticks(places, [f"{place:,.0f}" if fit else "" for place, fit in zip(places, fits, strict=True)])
    axis.minorticks_off()


def intervals(rows: Sequence[tuple[str, float, float, float]], *, x_label: str, zero: bool = False) -> Figure:
    """Values with their intervals from top to bottom: (label, value, low, high).

    `zero` draws a line at 0; intervals above it are green, those below it orange, those that include it grey.
    """
    figure, axis = plt.subplots(figsize=(5.4, 0.8 + 0.22 * len(rows)))
    for place, (_, value, low, high) in enumerate(rows):
        colour = COLOURS[0] if not zero else COLOURS[2] if low > 0 else COLOURS[1] if high < 0 else GREY
        axis.plot([low, high], [place, place], color=colour, linewidth=2)
        axis.plot([value], [place], marker="o", color=colour)
    if zero:
        axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [label for label, *_ in rows])
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")
    axis.set(xlabel=x_label, ylim=(len(rows) - 0.4, -0.6))
    return figure


def bars(panels: Mapping[str, Sequence[tuple[str, float]]], *, x_label: str) -> Figure:
    """Shares of the same categories in panels, two in a row: title → [(category, share)]."""
    rows, longest = -(-len(panels) // 2), max(map(len, panels.values()))
    size = (5.4, 0.4 + rows * (0.5 + 0.2 * longest))
    figure, axes = plt.subplots(rows, 2, figsize=size, sharex=True, sharey=True, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, shares) in zip(axes.flat, panels.items(), strict=False):
        axis.barh(range(len(shares)), [share for _, share in shares], height=0.7)
        for place, (_, share) in enumerate(shares):
            axis.text(share + 0.03, place, f"{share:.0%}", va="center", fontsize=9)
        axis.set_title(title)
        axis.set(xlim=(0, 1.25), xticks=[0, 0.5, 1])
        axis.set_yticks(range(len(shares)), [category for category, _ in shares])
        axis.tick_params(axis="y", length=0)
        axis.grid(visible=False, axis="y")
    axes[0][0].invert_yaxis()
    figure.supxlabel(x_label, fontsize=10)
    return figure


def plan(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """A network from input to output, rows of `measures.layers`: a bar for each layer, its width the square root of
    the output's size."""
    figure, axis = plt.subplots(figsize=(5.4, 0.3 + 0.3 * len(rows)))
    widths = np.sqrt([row["values"] for row in rows])
    widths = widths / max(widths)
    for place, (row, width) in enumerate(zip(rows, widths, strict=True)):
        colour = COLOURS[5] if row["kind"] == "Input" else COLOURS[0]
        axis.barh(place, width, left=-width / 2, height=0.62, color=colour)
        axis.text(-0.56, place, row["layer"].replace("_", " "), ha="right", va="center")
        parameters = f" · {row['parameters']:,}" if row["parameters"] else ""
        axis.text(0.56, place, f"{row['output']}{parameters}", ha="left", va="center")
    axis.set(xlim=(-1.4, 1.5), ylim=(len(rows) - 0.4, -0.6))
    axis.set_axis_off()
    return figure


def drawn(text: str) -> str:
    """A text with `MISSING` for each character that the font of `text_page` lacks."""
    known = {*"\n\t\r", *map(chr, font_manager.get_font(font_manager.findfont(FONT)).get_charmap())}
    return text.translate({ord(character): MISSING for character in set(text) - known})


def confusion(actual: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Figure:
    """The confusion matrix of labels 0, 1, ..., shape (n,) each."""
    from sklearn.metrics import ConfusionMatrixDisplay  # a second that no other chart needs

    labels = range(len(names))
    shown = ConfusionMatrixDisplay.from_predictions(
        actual, predicted, labels=labels, display_labels=names, cmap="Blues", colorbar=False
    )
    shown.ax_.grid(visible=False)
    shown.ax_.set(title=f"{len(actual)} test reviews", xlabel="predicted", ylabel="actual")
    return shown.figure_


def text_page(passages: Mapping[str, str], *, title: str, width: int = 60, columns: int = 1) -> Figure:
    """Passages of text as a picture, heading → text, `columns` side by side; lines of over `width` characters wrap.

    Characters that the font lacks are drawn as `MISSING`.
    """
    blocks = [
        (heading, [part for line in drawn(text).split("\n") for part in textwrap.wrap(line, width) or [""]])
        for heading, text in passages.items()
    ]
    rows = [blocks[start : start + columns] for start in range(0, len(blocks), columns)]
    heights = [3 + max(len(text) for _, text in row) for row in rows]  # 3: for the heading
    size = (0.4 + columns * width * 0.07, 0.4 + 0.132 * sum(heights))
    figure, axes = plt.subplots(len(rows), columns, figsize=size, height_ratios=heights, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for line, row in zip(axes, rows, strict=True):
        for axis, (heading, text) in zip(line, row, strict=False):
            axis.set_title(heading, loc="left", fontweight="bold")
            axis.text(0, 1, "\n".join(text), family=FONT, fontsize=8, va="top", transform=axis.transAxes)
    figure.suptitle(drawn(title))
    return figure


class Classes:
    """The classes of what `stages.core.digits.split` gives: by name, where the source has names, else by label."""

    def __init__(self, data: Mapping[str, np.ndarray]) -> None:
        self._names = data.get("names", np.array([], str))
        self.labels = np.unique(np.concatenate([data[f"{part}_labels"] for part in PARTS]))

    @property
    def are_digits(self) -> bool:
        """Are these, as far as the source tells, the digits 0 to 9, or some of them?"""
        return not len(self._names) and self.labels.max() < 10

    def name(self, label: int) -> int | str:
        """The name of a class, or its label where it has none."""
        return str(self._names[label]) or int(label) if label < len(self._names) else int(label)

    def captions(self, labels: np.ndarray) -> list[str]:
        """A short name for each label, to stand above a picture, in characters that the pictures' font has."""
        names = [drawn(str(self.name(label))) for label in labels]
        return [name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…" for name in names]

    def change(self, before: int, after: int) -> str:
        """One class and another that it is taken for, as a caption."""
        names = self.captions(np.array([before, after]))
        return ("\n→ " if len("".join(names)) > WIDEST - 2 else " → ").join(names)


def first_of_each(labels: np.ndarray) -> np.ndarray:
    """Row number of the first digit of each class, at most `SHOWN`, evenly spread: pictures chosen by no one."""
    first = np.unique(labels, return_index=True)[1]
    return first[every(len(first), SHOWN)]
