"""The charts of the report, each with the series of plots/ that it is drawn from."""

from collections.abc import Callable, Iterator
from typing import Any

from stages.report import drawing
from stages.report.context.wording import class_noun
from stages.report.results import LEARNING_CURVE, REVIEW_SIZES, by_size

Rows = list[dict[str, Any]]
Table = Callable[[str], Rows]
Chart = tuple[str, str, list[str]]  # name, SVG, sources


def curves(rows: Rows, x: str, y: str, by: str) -> dict[str, drawing.Curve]:
    """Rows as curves of `y` over `x`, one for each value of `by`."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        xs, ys = found.setdefault(str(row[by]), ([], []))
        xs.append(float(row[x]))
        ys.append(float(row[y]))
    return found


def losses(rows: Rows, unit: str) -> str:
    """Loss on training and validation data by epoch."""
    epochs = [float(row["epoch"]) for row in rows]
    parts = {"training": "loss", "validation": "val_loss"}
    series = {part: (epochs, [float(row[key]) for row in rows]) for part, key in parts.items()}
    return drawing.lines(series, x_label="epoch", y_label=f"loss ({unit})")


def classes(rows: Rows, method: str) -> str:
    """Error of each class of digits at each size of the code, on the same scale for both methods."""
    top = 1.05 * max(float(row["mse"]) for row in rows)
    own = [row for row in rows if row["method"].startswith(f"{method},")]
    names = list(dict.fromkeys(str(row["digit"]) for row in own))
    numbered = all(name.isascii() and name.isdigit() for name in names)
    places = [{**row, "digit": row["digit"] if numbered else names.index(row["digit"])} for row in own]
    return drawing.lines(
        curves(places, "digit", "mse", "method"),
        x_label=class_noun(names),
        y_label="mean squared error",
        y_top=top,
        ticks=() if numbered else names,
    )


def draw(table: Table, metrics: dict[str, Any]) -> Iterator[Chart]:
    """All charts."""
    yield from histories(table)
    yield from plans(table)
    yield from autoencoder(table)
    yield from denoiser(table)
    yield from textgen(table)
    yield from sentiment(table, metrics["sentiment"]["tuned"])


def histories(table: Table) -> Iterator[Chart]:
    """The loss of each training."""
    for name, series, unit in (
        ("autoencoder-loss", "autoencoder/history", "nats per pixel"),
        ("dense-loss", "denoiser/history-dense", "nats per pixel"),
        ("conv-loss", "denoiser/history-conv", "nats per pixel"),
        ("textgen-loss", "textgen/history", "nats per character"),
        ("sentiment-loss", "sentiment/history", "nats per review"),
    ):
        yield name, losses(table(series), unit), [series]


def plans(table: Table) -> Iterator[Chart]:
    """The layers of each network."""
    for task in ("autoencoder", "textgen", "sentiment"):
        yield f"{task}-plan", drawing.plan(table(f"{task}/layers")), [f"{task}/layers"]
    for network in ("dense", "conv"):
        rows = [row for row in table("denoiser/layers") if row["network"] == network]
        yield f"{network}-plan", drawing.plan(rows), ["denoiser/layers"]


def autoencoder(table: Table) -> Iterator[Chart]:
    """Error by size of the code and by digit."""
    sizes = curves(table("autoencoder/sizes"), "latent", "mse", "method")
    yield (
        "autoencoder-sizes",
        drawing.lines(sizes, x_label="numbers in the code", y_label="mean squared error", from_zero=True),
        ["autoencoder/sizes"],
    )
    for name, method in (("autoencoder-classes", "autoencoder"), ("pca-classes", "PCA")):
        yield name, classes(table("autoencoder/classes"), method), ["autoencoder/classes"]


def denoiser(table: Table) -> Iterator[Chart]:
    """Quality by noise level, recognition by noise level and by kind of damage."""
    levels = curves(table("denoiser/levels"), "noise_std", "psnr", "method")
    yield (
        "denoiser-levels",
        drawing.lines(levels, x_label="standard deviation of the noise", y_label="PSNR (dB)"),
        ["denoiser/levels"],
    )
    rows = table("denoiser/recognition")
    noise = [row for row in rows if row["digits"] == "test digits" and row["kind"] == "noise"]
    strengths = [float(row["strength"]) for row in noise]
    yield (
        "denoiser-reading",
        drawing.lines(
            {
                label: (strengths, [float(row[key]) for row in noise])
                for label, key in (("without denoising", "before"), ("denoised", "after"))
            },
            x_label="standard deviation of the noise",
            y_label="recognition accuracy",
            from_zero=True,
        ),
        ["denoiser/recognition"],
    )
    others = [row for row in rows if row["kind"] != "noise" or row["digits"] != "test digits"]
    yield (
        "denoiser-help",
        drawing.intervals(
            [(row["situation"], *(float(row[key]) for key in ("difference", "low", "high"))) for row in others],
            x_label="change in recognition accuracy by denoising",
            zero=True,
        ),
        ["denoiser/recognition"],
    )


LEARNERS = {
    "nats": "text model",
    "lstm": "its LSTM alone",
    "ngram": "Kneser-Ney n-grams",
    "bzip2": "bzip2",
    "xz": "xz",
    "plain_lstm": "plain LSTM",
    "gpt": "GPT",
}
CLASSIFIERS = {"network": "network", "nb": "NB n-grams", "tfidf": "TF-IDF"}


def learning_curve(rows: Rows, size: str, methods: dict[str, str]) -> dict[str, drawing.Curve]:
    """Mean over the seeds of each method by the size of the training data; what was not measured is left out.

    Args:
        rows: a row for each size and seed.
        size: the column of the sizes.
        methods: column → name of each method.
    """
    sizes = by_size(rows, size)
    found = {}
    for key, name in methods.items():
        values = [[float(row[key]) for row in some if row.get(key, "") != ""] for some in sizes.values()]
        if all(values):
            found[name] = (list(sizes), [sum(some) / len(some) for some in values])
    return found


def textgen(table: Table) -> Iterator[Chart]:
    """Cross-entropy of the baselines, measures of samples by temperature, one distribution at several temperatures."""
    orders = curves(table("textgen/orders"), "order", "nats", "method")
    yield (
        "textgen-orders",
        drawing.lines(orders, x_label="order of the n-gram (characters)", y_label="nats per character"),
        ["textgen/orders"],
    )
    rows = table("textgen/temperature")
    for name, key, label in (
        ("textgen-entropy", "entropy", "entropy of the next character (nats)"),
        ("textgen-copies", "longest_copy", "longest copied passage (characters)"),
    ):
        series = {key: ([float(row["temperature"]) for row in rows], [float(row[key]) for row in rows])}
        yield (
            name,
            drawing.lines(series, x_label="temperature", y_label=label, from_zero=True),
            ["textgen/temperature"],
        )
    words = curves(table("textgen/words"), "temperature", "share", "method")
    yield (
        "textgen-words",
        drawing.lines(words, x_label="temperature", y_label="share", from_zero=True),
        ["textgen/words"],
    )
    yield (
        "textgen-sizes",
        drawing.lines(
            learning_curve(table(LEARNING_CURVE), "characters", LEARNERS),
            x_label="characters to train on",
            y_label="nats per character",
            log=True,
        ),
        [LEARNING_CURVE],
    )
    panels: dict[str, list[tuple[str, float]]] = {}
    for row in table("textgen/next"):
        panel = panels.setdefault(f"T = {float(row['temperature']):g}", [])
        panel.append((str(row["character"]), float(row["probability"])))
    yield "textgen-next", drawing.shares(panels, x_label="probability of the next character"), ["textgen/next"]


def sentiment(table: Table, tuned: dict[str, float]) -> Iterator[Chart]:
    """Precision and recall, calibration, and accuracy by slice.

    Args:
        table: name of a series → rows.
        tuned: `recall` and `precision` at the threshold chosen on validation.
    """
    curve = curves(table("sentiment/precision_recall"), "recall", "precision", "method")
    yield (
        "sentiment-tradeoff",
        drawing.lines(
            {name: tuple(values[-51:] for values in points) for name, points in curve.items()},
            x_label="recall: share of the positive reviews that are found",
            y_label="precision: share of the found that are positive",
            points={"chosen threshold": (float(tuned["recall"]), float(tuned["precision"]))},
            markers=False,
        ),
        ["sentiment/precision_recall", "metrics/sentiment.json tuned.recall", "metrics/sentiment.json tuned.precision"],
    )
    yield (
        "sentiment-thresholds",
        drawing.lines(
            curves(table("sentiment/thresholds"), "threshold", "value", "method"),
            x_label="threshold on the probability",
            y_label="share",
            markers=False,
        ),
        ["sentiment/thresholds"],
    )
    calibration = [row for row in table("sentiment/calibration") if row["method"] == "network"]
    yield (
        "sentiment-calibration",
        drawing.lines(
            curves(calibration, "predicted", "observed", "method"),
            x_label="predicted probability of a positive review",
            y_label="share that is positive",
            diagonal=True,
        ),
        ["sentiment/calibration"],
    )
    slices = [
        (row["slice"], *(float(row[key]) for key in ("accuracy", "low", "high"))) for row in table("sentiment/slices")
    ]
    yield "sentiment-slices", drawing.intervals(slices, x_label="accuracy, with 95 % interval"), ["sentiment/slices"]
    accuracies = learning_curve(table(REVIEW_SIZES), "reviews", CLASSIFIERS)
    chart = drawing.lines(accuracies, x_label="labelled reviews", y_label="accuracy", log=True)
    yield "sentiment-sizes", chart, [REVIEW_SIZES]
