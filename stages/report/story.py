"""What the templates tell, worked out from the results: comparisons, extremes, what a threshold costs.

Everything here is computed, so that another run, such as `dvc exp run -S latent=64`, tells its own story.
"""

import itertools
from collections.abc import Sequence
from typing import Any

from stages.core.digits import SIDE
from stages.params import Params
from stages.report.measured import Measured, Truth, Word, sources_of, than, verdict

Row = dict[str, Any]

FORMS = {
    "whole": lambda value: f"{value:,.0f}",
    "plain": lambda value: f"{value:g}",
    "error": lambda value: f"{value:.4f}",
    "db": lambda value: f"{value:.2f}",
    "nats": lambda value: f"{value:.3f}",
    "percent": lambda value: f"{100 * value:.1f}\u00a0%",
    "rounded_percent": lambda value: f"{100 * value:.0f}\u00a0%",
    "points": lambda value: f"{100 * value:+.1f}",
    "ratio": lambda value: f"{value:.1f}",
    "probability": lambda value: f"{value:.3f}",
}
FORMS = {name: lambda value, form=form: form(value).replace("-", "−") for name, form in FORMS.items()}

# How much of what sets digits apart a code keeps (1 minus its error as a share of the mean digit's), and what is to be
# seen in the pictures then.
KEEPS = (
    (0.93, "the copy can hardly be told from the original"),
    (0.83, "shape and slant are right, and what is lost is mostly contrast and small turns of the pen"),
    (0.60, "which digit it is and how it leans survive, but strokes blur and an unusual digit falls apart"),
    (0.30, "a blurred idea of the digit survives"),
    (0.0, "next to nothing survives"),
    (float("-inf"), "painting the mean digit every time would be better"),
)
FILTERS = {  # as stages.denoiser.baselines.METHODS names them
    "non_local_means": "non-local means",
    "gaussian": "a Gaussian blur",
    "total_variation": "total variation",
    "median_gaussian": "a median, then a Gaussian blur",
}
ADDS = ("more test reviews right than", "fewer test reviews right than", "as many test reviews right as")
EXCERPT = 240  # characters of each sample
MISTAKES = 2  # of each kind: the shortest of those the network was surest of
FIRST, LAST = 300, 400  # characters of a long review


def of(results: Row, params: Params) -> Row:
    """Everything that the templates name, from what `build.read` gives."""
    metrics, table, texts = results["metrics"], results["table"], results["texts"]
    return {
        "datasets": results["datasets"],
        "pixels": Word(str(SIDE * SIDE), []),
        "autoencoder": metrics["autoencoder"]
        | autoencoder(metrics["autoencoder"], table)
        | {"moved": params.autoencoder.training.shifted > 0},
        "denoiser": metrics["denoiser"] | denoiser(metrics["denoiser"], table, texts["invented"]),
        "textgen": metrics["textgen"] | textgen(metrics["textgen"], table, texts),
        "sentiment": metrics["sentiment"]
        | sentiment(metrics["sentiment"], table, texts)
        | {"more_steps": Measured(2 * params.sentiment.training.steps, ["params.yaml sentiment.training.steps"])},
    }


def say(truth: Truth, if_true: str, if_false: str = "") -> Word:
    """One of two wordings, by what a comparison found."""
    return Word(if_true if truth else if_false, sources_of(truth))


def listed(words: Sequence[str]) -> Word:
    """ "a", "a and b", "a, b and c"."""
    words = list(words)
    text = " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return Word(text, sources_of(words))


def span(interval: Sequence[Measured], form: str) -> Word:
    """An interval as "low to high"."""
    return Word(" to ".join(FORMS[form](float(bound)) for bound in interval), sources_of(interval))


def negative(interval: Sequence[Measured]) -> list[Measured]:
    """The interval of a difference, the other way round."""
    return [-bound for bound in reversed(interval)]


# ---- autoencoder -----------------------------------------------------------------------------------------------------


def autoencoder(metrics: Row, table: Any) -> Row:
    """The sizes of the code beside each other, and the digits that suffer most."""
    ours, pca = (
        [row for row in table("autoencoder/sizes") if row["method"] == name] for name in ("autoencoder", "PCA")
    )
    sizes = []
    for row, linear in zip(ours, pca, strict=True):
        kept = 1 - row["mse"] / metrics["mean_digit_mse"]
        looks = next(words for least, words in KEEPS if float(kept) >= least)
        classes = [
            one for one in table("autoencoder/classes") if one["method"] == f"autoencoder, {float(row['latent']):g}"
        ]
        hardest, easiest = max(classes, key=lambda one: one["mse"]), min(classes, key=lambda one: one["mse"])
        sizes.append(
            {
                **row,
                "pca": linear["mse"],
                "kept": kept,
                "looks": Word(looks, sources_of(kept)),
                "hardest": hardest,
                "easiest": easiest,
                "times": hardest["mse"] / easiest["mse"],
            }
        )
    return {
        "verdict": verdict(negative(metrics["mse_minus_pca_interval"])),
        "share_of_pca": metrics["mse"] / metrics["pca"]["mse"],
        "probe": verdict(metrics["probe_minus_pca_interval"], "more", "less", "about as much"),
        "sizes": sizes,
        "doubling": doubling(ours),
        "pca_doubling": doubling(pca),
        "suffers": suffers(sizes),
        "next_latent": metrics["latent"] * 2,
    }


def doubling(sizes: Sequence[Row]) -> Row | None:
    """What twice as many numbers do to the error, or None where no size is twice another.

    Returns:
        `least` and `most`, by what the error is divided, and `words` for it.
    """
    ratios = [
        a["mse"] / b["mse"] for a, b in itertools.combinations(sizes, 2) if float(b["latent"]) == 2 * float(a["latent"])
    ]
    if not ratios:
        return None
    least, most = min(ratios), max(ratios)
    if float(least) >= 2:
        words = "halves the error or better"
    elif float(least) >= 1.8:
        words = "about halves the error"
    elif float(least) > 1:
        words = "lowers the error, at least once by less than half"
    else:
        words = "does not always lower the error"
    return {"least": least, "most": most, "words": Word(words, sources_of(ratios)), "several": len(ratios) > 1}


def suffers(sizes: Sequence[Row]) -> Word:
    """Which digits have the largest error at each size, in words."""
    hardest = [f"{float(size['hardest']['digit']):g}" for size in sizes]
    sources = sources_of([size["hardest"]["mse"] for size in sizes])
    if len(set(hardest)) == 1:
        return Word(f"{'at every size ' if len(sizes) > 1 else ''}the {hardest[0]}", sources)
    told = [f"the {digit} at {float(size['latent']):g}" for digit, size in zip(hardest, sizes, strict=True)]
    return Word(listed(told), sources)


# ---- denoiser --------------------------------------------------------------------------------------------------------


def denoiser(metrics: Row, table: Any, invented: list[Row]) -> Row:
    """Where denoising helps a reader of digits, where it harms, and what it made up."""
    recognition = metrics["recognition"]
    rows = [row | {"words": verdict([row["low"], row["high"]])} for row in table("denoiser/recognition")]
    own = [row for row in rows if row["digits"] == "test digits"]
    spoilt = [row for row in own if row["kind"] != "clean"]
    other = {row["kind"]: row for row in rows if row["digits"] == "other digits"}
    filters = metrics["filters"]
    best = max(filters, key=lambda name: filters[name]["psnr"])
    lost = recognition["clean"] - recognition["noisy"]
    won_back = ""
    won = recognition["conv"] - recognition["noisy"]
    if float(lost) > 0:
        share = FORMS["rounded_percent"](float(won / lost)) if float(won) > 0 else "nothing"
        won_back = f": of what the noise took, denoising gives {share} back"
    levels = table("denoiser/levels")
    return {
        "verdict": verdict(metrics["conv_minus_best_filter"]["psnr_interval"]),
        "dense_verdict": verdict(metrics["conv_minus_dense"]["psnr_interval"]),
        "classical_verdict": verdict(metrics["conv_minus_classical"]["psnr_interval"]),
        "best_filter": Word(FILTERS[best], sources_of([one["psnr"] for one in filters.values()])),
        "best_filter_psnr": Measured(filters[best]["psnr"], sources_of([one["psnr"] for one in filters.values()])),
        "won_back": Word(won_back, sources_of(recognition["conv"], lost)),
        "untrained": than(
            recognition["autoencoder"], recognition["noisy"], "easier", "harder", "neither easier nor harder"
        ),
        "methods": [
            (name, metrics[key], recognition[key])
            for key, name in (
                ("noisy", "noisy, nothing done"),
                ("median", "median of 3 × 3 pixels"),
                ("classical", "non-local means, told the noise, tuned"),
                ("autoencoder", "basic autoencoder, which never saw noise"),
                ("dense", "dense denoiser"),
                ("conv", "conv denoiser"),
            )
        ],
        "leads": leads(levels),
        "rows": rows,
        "clean_case": next(row for row in own if row["kind"] == "clean"),
        "other": other,
        "helped": with_verdict(spoilt, "better"),
        "harmed": with_verdict(spoilt, "worse"),
        "untouched": with_verdict(spoilt, "as good as equal"),
        "most_helped": max(spoilt, key=lambda row: row["difference"]),
        "most_harmed": min(spoilt, key=lambda row: row["difference"]),
        "examined": sum((row["count"] for row in spoilt), start=Measured(0)),
        "broken": sum((row["broken"] for row in spoilt), start=Measured(0)),
        "mended": sum((row["mended"] for row in spoilt), start=Measured(0)),
        "invented": invented,
        "surest": invented[0] if invented else None,
        "weaker": metrics["noise_std"] * 0.6,
    }


def with_verdict(rows: Sequence[Row], words: str) -> list[Word]:
    """The situations of which the interval says so, the strengths of one kind together: "blur (1.5, 2)"."""
    told = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        tried = [row for row in rows if row["kind"] == kind]
        found = [float(row["strength"]) for row in tried if row["words"] == words]
        if found:
            strengths = spanned(found, [float(row["strength"]) for row in tried])
            told.append(Word(f"{kind} ({strengths})", sources_of([row["low"] for row in tried])))
    return told


def spanned(some: Sequence[float], every: Sequence[float]) -> str:
    """Values as a list, or as "first to last" where they are four or more neighbours among all that were tried."""
    first = every.index(some[0])
    if len(some) > 3 and list(every[first : first + len(some)]) == list(some):
        return f"{some[0]:g} to {some[-1]:g}"
    return ", ".join(f"{value:g}" for value in some)


def leads(levels: Sequence[Row]) -> Word:
    """At which of the noise levels which method has the highest PSNR, the conv denoiser first."""
    strengths = sorted({float(row["noise_std"]) for row in levels})
    best: dict[str, list[float]] = {"conv denoiser": []}
    for std in strengths:
        here = [row for row in levels if float(row["noise_std"]) == std]
        best.setdefault(max(here, key=lambda row: row["psnr"])["method"], []).append(std)
    won = best.pop("conv denoiser")
    ours = "at every strength" if len(won) == len(strengths) else f"at {spanned(won, strengths)}" if won else "at none"
    others = [f"{name} at {spanned(stds, strengths)}" for name, stds in best.items()]
    told = f"the conv denoiser is ahead {ours}" + (f"; {listed(others)}" if others else "")
    return Word(told, sources_of([row["psnr"] for row in levels]))


# ---- textgen ---------------------------------------------------------------------------------------------------------


def textgen(metrics: Row, table: Any, texts: Row) -> Row:
    """What temperature does, by the measures of the samples and by one distribution."""
    heat = table("textgen/temperature")
    cold, hot = heat[0], heat[-1]
    following: dict[float, list[Row]] = {}
    for row in table("textgen/next"):
        following.setdefault(float(row["temperature"]), []).append(row)
    first = [rows[0] for rows in following.values()]
    rest = [rows[-1] for rows in following.values()]
    samples = [
        (Word(f"T = {float(row['measures']['temperature']):g}", row["measures"]["temperature"].sources), text[:EXCERPT])
        for row in texts["samples"]
        for text in row["texts"][:1]
    ]
    longest = max(texts["samples"], key=lambda row: row["measures"]["longest_copy"])
    plays = texts["plays"]
    return {
        "verdict": verdict(negative(metrics["nats_minus_ngram_interval"])),
        "rivals": [
            (name, metrics["baselines"][key])
            for key, name in (
                ("unigram", "single characters"),
                ("bigram", "pairs"),
                ("xz", "xz, which sees all training text"),
                ("bzip2", "bzip2, which looks back 900 kB at most"),
                ("ngram", "Kneser-Ney n-grams, order chosen on validation"),
            )
        ],
        "heat": heat,
        "cold": cold,
        "hot": hot,
        "several": len(heat) > 1,
        "reads_ngrams": any(row["layer"].startswith("grams") for row in table("textgen/layers")),
        "opens": than(hot["entropy"], cold["entropy"], "rises", "falls", "stays"),
        "spells": than(hot["known_words"], cold["known_words"], "rises", "falls", "stays"),
        "varies": than(hot["distinct_1"], cold["distinct_1"], "rises", "falls", "stays"),
        "unknown": 1 - hot["known_words"],
        "following": following,
        "likeliest": first,
        "tail": rest,
        "listed_characters": len(next(iter(following.values()))) - 1,
        "middle": (cold["temperature"] + hot["temperature"]) / 2,
        "samples": samples,
        "copied": longest["copied"],
        "copied_length": longest["measures"]["longest_copy"],
        "context": last_lines(plays["context"]),
        "next": plays["next"],
        "excerpt": plays["test"][:EXCERPT],
        "sampled": sum(len(row["texts"]) for row in texts["samples"]),
        "prompt": texts["samples"][0]["prompt"].strip(),
    }


def last_lines(text: str) -> str:
    """The end of a text, from the beginning of a line where there is one."""
    return text[-EXCERPT:].split("\n\n")[-1][-EXCERPT // 2 :]


# ---- sentiment -------------------------------------------------------------------------------------------------------


def sentiment(metrics: Row, table: Any, texts: Row) -> Row:
    """What each choice of threshold costs, where the network errs, and how far its probabilities can be believed."""
    goals = []
    for key, point in {"tuned": metrics["tuned"], **metrics["operating"]}.items():
        measure, _, percent = key.partition("_")
        goal = "highest accuracy" if key == "tuned" else f"{measure} of {percent} %"
        wrong = point["false_alarms_per_1000"] + point["misses_per_1000"]
        goals.append({**point, "goal": goal, "wrong": wrong})
    cautious, eager = metrics["operating"]["precision_95"], metrics["operating"]["recall_99"]
    mistakes = []
    for kind in ("negative", "positive"):
        surest = [row | {"text": shortened(row["text"])} for row in texts["mistakes"] if row["actual"] == kind]
        mistakes += sorted(surest, key=lambda row: len(row["text"]))[:MISTAKES]
    slices = table("sentiment/slices")
    apart = {group: far_apart([row for row in slices if row["group"] == group]) for group in ("length", "negation")}
    return {
        "verdict": verdict(metrics["versus"]["nb"]["interval"]),
        "tfidf_verdict": verdict(metrics["versus"]["tfidf"]["interval"]),
        "goals": goals,
        "filter": cautious,
        "finder": eager,
        "alarms": than(
            eager["false_alarms_per_1000"], cautious["false_alarms_per_1000"], "more than", "fewer than", "as many as"
        ),
        "slices": slices,
        "by_length": apart["length"],
        "by_negation": apart["negation"],
        "mistakes": mistakes,
        "examples": texts["reviews"],
        "trusted": metrics["calibration_error"] <= 0.03,
        "adds": than(metrics["accuracy"], metrics["branches"]["ngrams"]["accuracy"], *ADDS),
    }


def far_apart(rows: Sequence[Row]) -> Row:
    """The best and the worst of the slices of one group, and whether their 95 % intervals lie apart."""
    best, worst = max(rows, key=lambda row: row["accuracy"]), min(rows, key=lambda row: row["accuracy"])
    return {"best": best, "worst": worst, "apart": worst["high"] < best["low"]}


def shortened(text: str) -> str:
    """A review without line breaks; of a long one, its beginning and its end."""
    text = " ".join(text.replace("<br />", " ").split())
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]} […] {text[-LAST:]}"
