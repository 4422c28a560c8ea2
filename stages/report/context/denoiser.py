"""The denoisers: methods compared, where denoising helps or harms a classifier of digits, and what it makes up."""

from collections.abc import Sequence
from typing import Any

from stages.evaluation.methods import FILTERS
from stages.report.context.wording import FORMS, NOT_SIGNIFICANT, compared, listed, spanned, than, verdict
from stages.report.measured import Measured, Word, sources_of

Row = dict[str, Any]

METHODS = {
    "noisy": "noisy image, no denoising",
    "median": "median of 3 × 3 pixels",
    "classical": "non-local means, given the noise's standard deviation, tuned",
    "autoencoder": "basic autoencoder, trained without noise",
    "dense": "dense denoiser",
    "conv": "conv denoiser",
}


def variables(metrics: Row, table: Any, invented: list[Row]) -> Row:
    """Variables of the denoiser's section, beyond its metrics."""
    recognition, filters = metrics["recognition"], metrics["filters"]
    best = max(filters, key=lambda name: filters[name]["psnr"])
    decided_by = sources_of([one["psnr"] for one in filters.values()])
    return {
        "verdict": verdict(metrics["conv_minus_best_filter"]["psnr_interval"]),
        **{
            f"compared_with_{name}": compared(metrics[f"conv_minus_{name}"]["psnr_interval"])
            for name in ("best_filter", "classical", "dense")
        },
        "best_filter": Word(FILTERS[best], decided_by),
        "best_filter_psnr": Measured(filters[best]["psnr"], decided_by),
        "recovered": recovered(recognition),
        "untrained": than(
            recognition["autoencoder"], recognition["noisy"], "easier", "harder", "neither easier nor harder"
        ),
        "methods": [(name, metrics[key], recognition[key]) for key, name in METHODS.items()],
        "leads": leads(table("denoiser/levels")),
        **damage(table("denoiser/recognition")),
        "most_confident": invented_reading(invented[0]) if invented else None,
        "weaker": metrics["noise_std"] * 0.6,
    }


def recovered(recognition: Row) -> Word:
    """The share of the readings lost to noise that denoising recovers, as a clause; empty where none was lost."""
    lost, gained = recognition["clean"] - recognition["noisy"], recognition["conv"] - recognition["noisy"]
    clause = ""
    if float(lost) > 0:
        share = FORMS["rounded_percent"](float(gained / lost)) if float(gained) > 0 else "none"
        clause = f": denoising recovers {share} of what the noise cost"
    return Word(clause, sources_of(recognition["conv"], lost))


def damage(table: Sequence[Row]) -> Row:
    """Recognition before and after denoising, by kind and strength of damage, on test digits and on other digits."""
    rows = [row | {"words": verdict([row["low"], row["high"]])} for row in table]
    own = [row for row in rows if row["digits"] == "test digits"]
    damaged = [row for row in own if row["kind"] != "clean"]
    return {
        "clean_case": next(row for row in own if row["kind"] == "clean"),
        "other": {row["kind"]: row for row in rows if row["digits"] == "other digits"},
        "helped": with_verdict(damaged, "better"),
        "harmed": with_verdict(damaged, "worse"),
        "unchanged": with_verdict(damaged, NOT_SIGNIFICANT),
        "most_helped": max(damaged, key=lambda row: row["difference"]),
        "most_harmed": min(damaged, key=lambda row: row["difference"]),
        **{
            total: sum((row[key] for row in damaged), start=Measured(0))
            for total, key in {"examined": "count", "broken": "broken", "corrected": "corrected"}.items()
        },
    }


def with_verdict(rows: Sequence[Row], words: str) -> list[Word]:
    """The kinds of damage with this verdict, each with its strengths: "blur (1.5, 2)"."""
    found = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        tried = [row for row in rows if row["kind"] == kind]
        strengths = [float(row["strength"]) for row in tried if row["words"] == words]
        if strengths:
            text = f"{kind} ({spanned(strengths, [float(row['strength']) for row in tried])})"
            found.append(Word(text, sources_of([row["low"] for row in tried])))
    return found


def leads(levels: Sequence[Row]) -> Word:
    """Which method has the highest PSNR at which noise level, the conv denoiser first."""
    strengths = sorted({float(row["noise_std"]) for row in levels})
    best: dict[str, list[float]] = {"conv denoiser": []}
    for std in strengths:
        here = [row for row in levels if float(row["noise_std"]) == std]
        best.setdefault(max(here, key=lambda row: row["psnr"])["method"], []).append(std)
    won = best.pop("conv denoiser")
    ours = "at every strength" if len(won) == len(strengths) else f"at {spanned(won, strengths)}" if won else "at none"
    others = [f"{name} at {spanned(stds, strengths)}" for name, stds in best.items()]
    text = f"the conv denoiser is best {ours}" + (f"; {listed(others)}" if others else "")
    return Word(text, sources_of([row["psnr"] for row in levels]))


def invented_reading(one: Row) -> Row:
    """A reading that denoising spoilt, its two classes as words: a name, or a number."""
    words = {key: f"{one[key]:g}" if isinstance(one[key], Measured) else one[key] for key in ("digit", "read_as")}
    return one | {key: Word(word, sources_of(one["confidence"])) for key, word in words.items()}
