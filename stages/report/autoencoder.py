"""The autoencoder: PCA at each size of the code, the effect of a larger code, the hardest classes."""

import itertools
from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from stages.evaluation import charts
from stages.evaluation.charts import SHOWN
from stages.report import results
from stages.report.results import Row, table
from stages.report.wording import compared, listed, negative, verdict


def variables() -> Row:
    """Variables of the autoencoder's section, beyond its metrics."""
    metrics, curve = results.measured("autoencoder"), table("autoencoder/sizes")
    ours, pca = ([row for row in curve if row["method"] == name] for name in ("autoencoder", "PCA"))
    classes = table("autoencoder/classes")
    names = list(dict.fromkeys(row["digit"] for row in classes))
    sizes = [
        size(row, linear["mse"], classes, metrics["mean_digit_mse"]) for row, linear in zip(ours, pca, strict=True)
    ]
    difference, items = negative(metrics["mse_minus_pca_interval"]), metrics["digits"]["test"]
    return {
        "verdict": verdict(difference, items),
        "compared": compared(difference, items),
        "probe": compared(metrics["probe_minus_pca_interval"], items),
        "sizes": sizes,
        "doubling": doubling(ours),
        "pca_doubling": doubling(pca),
        "hardest": hardest(sizes),
        "noun": class_noun(names),
        "shown": f"{SHOWN} of the {len(names)} classes" if len(names) > SHOWN else "each class",
    }


def size(row: Row, pca: float, classes: Sequence[Row], mean_image_mse: float) -> Row:
    """One size of the code: its error and PCA's, what it keeps, its hardest and its easiest class."""
    own = [one for one in classes if one["method"] == f"autoencoder, {row['latent']}"]
    worst, best = max(own, key=lambda one: one["mse"]), min(own, key=lambda one: one["mse"])
    return {
        **row,
        "pca": pca,
        "kept": 1 - row["mse"] / mean_image_mse,
        "hardest": worst["digit"],
        "easiest": best["digit"],
        "times": worst["mse"] / best["mse"] if best["mse"] else float("inf"),
    }


def doubling(sizes: Sequence[Row]) -> Row | None:
    """The effect of doubling the size of the code: `least` and `most`, by which the error is divided, and `words`.

    None where no size is twice another.
    """
    ratios = [a["mse"] / b["mse"] for a, b in itertools.permutations(sizes, 2) if b["latent"] == 2 * a["latent"]]
    if not ratios:
        return None
    least, most = min(ratios), max(ratios)
    if least >= 2:
        words = "at least halves the error"
    elif least >= 1.8:
        words = "about halves the error"
    elif least > 1:
        words = "lowers the error, at least once by less than half"
    else:
        words = "does not always lower the error"
    return {"least": least, "most": most, "words": words, "several": len(ratios) > 1}


def hardest(sizes: Sequence[Row]) -> str:
    """The classes with the largest error at each size, in words."""
    names = [one["hardest"] for one in sizes]
    if len(set(names)) == 1:
        return f"{names[0]}{' at every size' if len(sizes) > 1 else ''}"
    return listed([f"{one['hardest']} at {one['latent']}" for one in sizes])


def class_noun(names: Sequence[str]) -> str:
    """What one of the classes with these names is: a digit, or else a class."""
    return "digit" if all(len(name) == 1 and name in "0123456789" for name in names) else "class"


def figures() -> Iterator[tuple[str, Figure]]:
    """Loss, layers, error by size of the code and by class."""
    yield "autoencoder-loss", charts.losses(table("autoencoder/history"), "nats per pixel")
    yield "autoencoder-plan", charts.plan(table("autoencoder/layers"))
    sizes = results.curves(table("autoencoder/sizes"), "latent", "mse", "method")
    chart = charts.lines(sizes, x_label="numbers in the code", y_label="mean squared error")
    chart.axes[0].set_ylim(bottom=0)
    yield "autoencoder-sizes", chart
    rows = table("autoencoder/classes")
    yield "autoencoder-classes", by_class(rows, "autoencoder")
    yield "pca-classes", by_class(rows, "PCA")


def by_class(rows: Sequence[Row], method: str) -> Figure:
    """Error of each class at each size of the code, on the same scale for both methods."""
    names = list(dict.fromkeys(row["digit"] for row in rows))
    own = [row | {"place": names.index(row["digit"])} for row in rows if row["method"].startswith(f"{method},")]
    curves = results.curves(own, "place", "mse", "method")
    chart = charts.lines(curves, x_label=class_noun(names), y_label="mean squared error")
    labels = [charts.drawn(name if len(name) <= 20 else f"{name[:19]}…") for name in names]
    crowded = len("".join(labels)) > 40
    chart.axes[0].set_xticks(range(len(names)), labels, rotation=90 if crowded else 0, fontsize=8 if crowded else 10)
    chart.axes[0].set_ylim(0, 1.05 * max(row["mse"] for row in rows))
    return chart
