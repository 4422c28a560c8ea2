"""The autoencoder: PCA at each size of the code, the effect of a larger code, the hardest digits."""

import itertools
from collections.abc import Sequence
from typing import Any

from stages.evaluation.classes import SHOWN
from stages.report.context.wording import class_noun, compared, listed, negative, verdict
from stages.report.measured import Measured, Word, sources_of

Row = dict[str, Any]

# Share of the variance around the mean digit that a code keeps (1 minus its error as a share of the mean digit's), and
# how the reconstructions look then.
LOOKS = (
    (0.93, "reconstructions are hard to distinguish from the originals"),
    (0.83, "shape and slant are right; mostly contrast and small curves are lost"),
    (0.60, "class and slant survive, but strokes blur and unusual digits fall apart"),
    (0.30, "only a blurred outline of the digit survives"),
    (0.0, "almost nothing survives"),
    (float("-inf"), "the mean digit would be a better reconstruction"),
)


def variables(metrics: Row, table: Any) -> Row:
    """Variables of the autoencoder's section, beyond its metrics."""
    ours, pca = (
        [row for row in table("autoencoder/sizes") if row["method"] == name] for name in ("autoencoder", "PCA")
    )
    names = list(dict.fromkeys(row["digit"] for row in table("autoencoder/classes")))
    noun = class_noun(names)
    sizes = [
        size(row, linear["mse"], table("autoencoder/classes"), metrics["mean_digit_mse"], noun)
        for row, linear in zip(ours, pca, strict=True)
    ]
    difference = negative(metrics["mse_minus_pca_interval"])
    return {
        "verdict": verdict(difference),
        "compared": compared(difference),
        "share_of_pca": metrics["mse"] / metrics["pca"]["mse"],
        "probe": compared(metrics["probe_minus_pca_interval"]),
        "sizes": sizes,
        "doubling": doubling(ours),
        "pca_doubling": doubling(pca),
        "hardest": listed_hardest(sizes),
        "noun": noun,
        "shown": shown(names),
        "next_latent": metrics["latent"] * 2,
    }


def size(row: Row, pca: Measured, classes: Sequence[Row], mean_digit_mse: Measured, noun: str) -> Row:
    """One size of the code: its error and PCA's, what it keeps, its hardest and its easiest digit."""
    kept = 1 - row["mse"] / mean_digit_mse
    looks = next(words for least, words in LOOKS if float(kept) >= least)
    digits = [one for one in classes if one["method"] == f"autoencoder, {float(row['latent']):g}"]
    worst, best = max(digits, key=lambda one: one["mse"]), min(digits, key=lambda one: one["mse"])
    return {
        **row,
        "pca": pca,
        "kept": kept,
        "looks": Word(looks, sources_of(kept)),
        "hardest": called(worst, noun),
        "easiest": called(best, noun),
        "times": worst["mse"] / best["mse"],
    }


def doubling(sizes: Sequence[Row]) -> Row | None:
    """The effect of doubling the size of the code on the error, or None where no size is twice another.

    Returns:
        `least` and `most`, by which the error is divided, and `words` for it.
    """
    ratios = [
        a["mse"] / b["mse"] for a, b in itertools.combinations(sizes, 2) if float(b["latent"]) == 2 * float(a["latent"])
    ]
    if not ratios:
        return None
    least, most = min(ratios), max(ratios)
    if float(least) >= 2:
        words = "at least halves the error"
    elif float(least) >= 1.8:
        words = "about halves the error"
    elif float(least) > 1:
        words = "lowers the error, at least once by less than half"
    else:
        words = "does not always lower the error"
    return {"least": least, "most": most, "words": Word(words, sources_of(ratios)), "several": len(ratios) > 1}


def listed_hardest(sizes: Sequence[Row]) -> Word:
    """The digits with the largest error at each size, in words."""
    names = [one["hardest"] for one in sizes]
    if len(set(names)) == 1:
        return Word(f"{names[0]}{' at every size' if len(sizes) > 1 else ''}", sources_of(names))
    each = [f"{name} at {float(one['latent']):g}" for name, one in zip(names, sizes, strict=True)]
    return Word(listed(each), sources_of(names))


def called(row: Row, noun: str) -> Word:
    """What a class is called in a sentence: "the 8", or its name."""
    return Word(f"the {row['digit']}" if noun == "digit" else str(row["digit"]), sources_of(row["mse"]))


def shown(names: Sequence[str]) -> Word:
    """Whose first pictures are shown: those of each class, or of some where there are many."""
    many = len(names) > SHOWN
    return Word(f"{SHOWN} of the {len(names)} classes" if many else "each class", sources_of(names))
