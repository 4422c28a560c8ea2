"""The denoisers: methods compared, where denoising helps or harms a classifier, and what it makes up."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from stages.core import artifacts
from stages.evaluation import charts
from stages.evaluation.charts import FILTERS
from stages.report import results
from stages.report.results import Row, table
from stages.report.wording import FEW, compared, formatted, listed, spanned, verdict

METHODS = {
    "noisy": "noisy image, no denoising",
    "median": "median of 3 × 3 pixels",
    "classical": "non-local means, given the noise's standard deviation, tuned",
    "autoencoder": "basic autoencoder, trained without noise",
    "dense": "dense denoiser",
    "conv": "conv denoiser",
}


def variables() -> Row:
    """Variables of the denoisers' section, beyond their metrics."""
    metrics, invented = results.measured("denoiser"), artifacts.read_json(results.INVENTED)
    read, digits = metrics["recognition"], metrics["digits"]
    items = {"best_filter": digits["some"], "classical": digits["some"], "dense": digits["test"]}
    differences = {name: metrics[f"conv_minus_{name}"]["psnr_interval"] for name in items}
    methods = {key: {**metrics[key], "read": read[key]} for key in METHODS}
    best = {measure: max(row[measure] for row in methods.values()) for measure in ("psnr", "ssim", "read")}
    return {
        "verdict": verdict(differences["best_filter"], digits["some"]),
        **{f"compared_with_{name}": compared(difference, items[name]) for name, difference in differences.items()},
        "best_filter_name": FILTERS[metrics["best_filter"]["name"]],
        "recovered": recovered(read),
        "methods": [
            {"name": METHODS[key], **row, "best": {measure: row[measure] == most for measure, most in best.items()}}
            for key, row in methods.items()
        ],
        "leads": leads(table("denoiser/levels")),
        **damage(table("denoiser/recognition")),
        "most_confident": invented[0] if invented else None,
    }


def recovered(read: Row) -> str:
    """The share of the readings lost to noise that denoising recovers, as a clause; empty where none was lost."""
    lost, gained = read["clean"] - read["noisy"], read["conv"] - read["noisy"]
    if lost <= 0:
        return ""
    share = formatted(gained / lost, "rounded_percent") if gained > 0 else "none"
    return f": denoising recovers {share} of what the noise cost"


def damage(rows: Sequence[Row]) -> Row:
    """Recognition before and after denoising, by kind and strength of damage, on test images and on other digits."""
    rows = [row | {"verdict": verdict([row["low"], row["high"]], row["count"])} for row in rows]
    own = [row for row in rows if row["digits"] == "test digits"]
    damaged = [row for row in own if row["kind"] != "clean"]
    most_helped = max(damaged, key=lambda row: row["difference"])
    most_harmed = min(damaged, key=lambda row: row["difference"])
    return {
        "clean_case": next(row for row in own if row["kind"] == "clean"),
        "few": own[0]["count"] < FEW,
        "other": {row["kind"]: row for row in rows if row["digits"] == "other digits"},
        "helped": with_verdict(damaged, "better"),
        "harmed": with_verdict(damaged, "worse"),
        "unchanged": with_verdict(damaged, "no significant difference"),
        "most_helped": most_helped if most_helped["verdict"] == "better" else None,
        "most_harmed": most_harmed if most_harmed["verdict"] == "worse" else None,
        "units": [f"{kind}, {some[0]['unit']}" for kind, some in results.grouped(damaged, "kind").items()],
        **{key: sum(row[key] for row in damaged) for key in ("count", "broken", "corrected")},
    }


def with_verdict(rows: Sequence[Row], words: str) -> list[str]:
    """The kinds of damage with this verdict, each with its strengths: "blur (1.5, 2)"."""
    found = []
    for kind, tried in results.grouped(rows, "kind").items():
        strengths = [row["strength"] for row in tried if row["verdict"] == words]
        if strengths:
            found.append(f"{kind} ({spanned(strengths, [row['strength'] for row in tried])})")
    return found


def leads(levels: Sequence[Row]) -> str:
    """Which method has the highest PSNR at which noise level, the conv denoiser first."""
    strengths = sorted({row["noise_std"] for row in levels})
    best: dict[str, list[float]] = {"conv denoiser": []}
    for std in strengths:
        here = [row for row in levels if row["noise_std"] == std]
        best.setdefault(max(here, key=lambda row: row["psnr"])["method"], []).append(std)
    won = best.pop("conv denoiser")
    ours = "at every level" if len(won) == len(strengths) else f"at {spanned(won, strengths)}" if won else "at none"
    others = [f"{name} at {spanned(stds, strengths)}" for name, stds in best.items()]
    return f"the conv denoiser has the highest mean PSNR {ours}" + (f"; {listed(others)}" if others else "")


def figures() -> Iterator[tuple[str, Figure]]:
    """Losses, layers, quality by noise level, recognition by noise level and by kind of damage."""
    layers = results.grouped(table("denoiser/layers"), "group")
    for name in ("dense", "conv"):
        yield f"{name}-loss", charts.losses(table(f"denoiser/history-{name}"), "nats per pixel")
        yield f"{name}-plan", charts.plan(layers[name])
    levels = results.curves(table("denoiser/levels"), "noise_std", "psnr", "method")
    yield "denoiser-levels", charts.lines(levels, x_label="standard deviation of the noise", y_label="mean PSNR (dB)")
    rows = table("denoiser/recognition")
    noise = [row for row in rows if row["digits"] == "test digits" and row["kind"] == "noise"]
    strengths = [row["strength"] for row in noise]
    before, after = ([row[key] for row in noise] for key in ("before", "after"))
    read = {"without denoising": (strengths, before), "denoised": (strengths, after)}
    chart = charts.lines(read, x_label="standard deviation of the noise", y_label="recognition accuracy")
    chart.axes[0].set_ylim(0, 1.02)
    yield "denoiser-reading", chart
    others = [tuple(row[key] for key in ("situation", "difference", "low", "high")) for row in rows if row not in noise]
    yield "denoiser-help", charts.intervals(others, x_label="change in recognition accuracy by denoising", zero=True)
