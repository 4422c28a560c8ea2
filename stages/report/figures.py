"""Which charts the report has, and from which series of plots/ each is drawn."""

from collections.abc import Callable, Iterable
from typing import Any

from stages.report import drawing

Rows = list[dict[str, Any]]


def curves(rows: Rows, x: str, y: str, by: str) -> dict[str, drawing.Curve]:
    """Rows as curves of `y` over `x`, one for each value of `by`."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        xs, ys = found.setdefault(str(row[by]), ([], []))
        xs.append(float(row[x]))
        ys.append(float(row[y]))
    return found


def losses(rows: Rows, unit: str) -> str:
    """Loss on training and validation data, epoch by epoch."""
    epochs = [float(row["epoch"]) for row in rows]
    parts = {"training": "loss", "validation": "val_loss"}
    series = {part: (epochs, [float(row[key]) for row in rows]) for part, key in parts.items()}
    return drawing.lines(series, x_label="epoch", y_label=f"loss ({unit})")


def classes(rows: Rows, method: str) -> str:
    """Error of each class of digits at each size of the code, on one scale for both methods."""
    top = 1.05 * max(float(row["mse"]) for row in rows)
    own = [row for row in rows if row["method"].startswith(f"{method},")]
    series = curves(own, "digit", "mse", "method")
    return drawing.lines(series, x_label="digit", y_label="mean squared error", y_top=top)


def draw(table: Callable[[str], Rows], metrics: dict[str, Any]) -> Iterable[tuple[str, str, list[str]]]:
    """Every chart: its name, its SVG, and the files it was drawn from."""
    for name, task, series, unit in (
        ("autoencoder-loss", "autoencoder", "history", "nats per pixel"),
        ("dense-loss", "denoiser", "history-dense", "nats per pixel"),
        ("conv-loss", "denoiser", "history-conv", "nats per pixel"),
        ("textgen-loss", "textgen", "history", "nats per character"),
        ("sentiment-loss", "sentiment", "history", "nats per review"),
    ):
        yield name, losses(table(f"{task}/{series}"), unit), [f"{task}/{series}"]
    for task in ("autoencoder", "textgen", "sentiment"):
        yield f"{task}-plan", drawing.plan(table(f"{task}/layers")), [f"{task}/layers"]
    for network in ("dense", "conv"):
        rows = [row for row in table("denoiser/layers") if row["network"] == network]
        yield f"{network}-plan", drawing.plan(rows), ["denoiser/layers"]

    sizes = curves(table("autoencoder/sizes"), "latent", "mse", "method")
    yield (
        "autoencoder-sizes",
        drawing.lines(sizes, x_label="numbers in the code", y_label="mean squared error", from_zero=True),
        ["autoencoder/sizes"],
    )
    for name, method in (("autoencoder-classes", "autoencoder"), ("pca-classes", "PCA")):
        yield name, classes(table("autoencoder/classes"), method), ["autoencoder/classes"]

    levels = curves(table("denoiser/levels"), "noise_std", "psnr", "method")
    yield (
        "denoiser-levels",
        drawing.lines(levels, x_label="standard deviation of the noise", y_label="PSNR (dB)"),
        ["denoiser/levels"],
    )
    rows = [row for row in table("denoiser/recognition") if row["digits"] == "test digits"]
    noise = [row for row in rows if row["kind"] == "noise"]
    read = {
        told: ([float(row["strength"]) for row in noise], [float(row[key]) for row in noise])
        for told, key in (("as seen", "before"), ("denoised", "after"))
    }
    yield (
        "denoiser-reading",
        drawing.lines(
            read, x_label="standard deviation of the noise", y_label="share of digits read right", from_zero=True
        ),
        ["denoiser/recognition"],
    )
    others = [row for row in table("denoiser/recognition") if row["kind"] != "noise" or row["digits"] != "test digits"]
    yield (
        "denoiser-help",
        drawing.intervals(
            [(row["situation"], *(float(row[key]) for key in ("difference", "low", "high"))) for row in others],
            x_label="change in the share read right, by denoising",
            zero=True,
        ),
        ["denoiser/recognition"],
    )

    orders = curves(table("textgen/orders"), "order", "nats", "method")
    yield (
        "textgen-orders",
        drawing.lines(orders, x_label="characters counted together", y_label="nats per character"),
        ["textgen/orders"],
    )
    heat = table("textgen/temperature")
    temperatures = [float(row["temperature"]) for row in heat]
    yield (
        "textgen-entropy",
        drawing.lines(
            {"entropy": (temperatures, [float(row["entropy"]) for row in heat])},
            x_label="temperature",
            y_label="entropy of the next character (nats)",
            from_zero=True,
        ),
        ["textgen/temperature"],
    )
    names = {"known_words": "known words", "distinct_1": "distinct-1", "distinct_2": "distinct-2"}
    names |= {"distinct_3": "distinct-3"}
    yield (
        "textgen-words",
        drawing.lines(
            {told: (temperatures, [float(row[key]) for row in heat]) for key, told in names.items()},
            x_label="temperature",
            y_label="share",
            from_zero=True,
        ),
        ["textgen/temperature"],
    )
    yield (
        "textgen-copies",
        drawing.lines(
            {"copy": (temperatures, [float(row["longest_copy"]) for row in heat])},
            x_label="temperature",
            y_label="longest copied passage (characters)",
            from_zero=True,
        ),
        ["textgen/temperature"],
    )
    panels: dict[str, list[tuple[str, float]]] = {}
    for row in table("textgen/next"):
        panel = panels.setdefault(f"T = {float(row['temperature']):g}", [])
        panel.append((str(row["character"]), float(row["probability"])))
    yield "textgen-next", drawing.shares(panels, x_label="probability of being the next character"), ["textgen/next"]

    tuned = metrics["sentiment"]["tuned"]
    recalls = curves(table("sentiment/precision_recall"), "recall", "precision", "method")
    recalls = {name: tuple(values[-51:] for values in curve) for name, curve in recalls.items()}
    yield (
        "sentiment-tradeoff",
        drawing.lines(
            recalls,
            x_label="recall: share of the positive reviews that are found",
            y_label="precision: share of the found that are positive",
            points={"chosen threshold": (float(tuned["recall"]), float(tuned["precision"]))},
            markers=False,
        ),
        ["sentiment/precision_recall", "metrics/sentiment.json tuned.recall", "metrics/sentiment.json tuned.precision"],
    )
    thresholds = curves(table("sentiment/thresholds"), "threshold", "value", "method")
    yield (
        "sentiment-thresholds",
        drawing.lines(
            thresholds, x_label="probability from which a review counts as positive", y_label="share", markers=False
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
    yield (
        "sentiment-slices",
        drawing.intervals(
            [
                (row["slice"], *(float(row[key]) for key in ("accuracy", "low", "high")))
                for row in table("sentiment/slices")
            ],
            x_label="accuracy, with its 95 % interval",
        ),
        ["sentiment/slices"],
    )
