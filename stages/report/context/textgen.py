"""The text model: baselines, the effect of temperature on samples and on one distribution."""

import statistics
from typing import Any

from stages.report.context.wording import compared, negative, than, verdict
from stages.report.measured import Measured, Word, sources_of
from stages.report.results import LEARNING_CURVE, by_size

Row = dict[str, Any]

EXCERPT = 240  # characters of each sample
BASELINES = {
    "unigram": "single characters",
    "bigram": "character bigrams",
    "xz": "xz, with all training text in its dictionary",
    "bzip2": "bzip2, in blocks of 900 kB",
    "ngram": "Kneser-Ney n-grams, order chosen on validation",
}


def variables(metrics: Row, table: Any, texts: Row) -> Row:
    """Variables of the text model's section, beyond its metrics."""
    found = texts["text"]
    difference = negative(found["nats_minus_ngram_interval"])
    return {
        **{name: value for name, value in found.items() if name not in ("sizes", "warning", "test", "context", "next")},
        "verdict": verdict(difference),
        "compared": compared(difference),
        "references": [(name, metrics["baselines"][key]) for key, name in BASELINES.items()],
        "mixed": "ngrams" in found["branches"],
        "warnings": [found["warning"].rstrip(".")] if found["warning"] else [],
        **temperature(table("textgen/temperature")),
        **distributions(table("textgen/next")),
        **samples(texts["samples"]),
        "sizes_chosen": found["sizes"],
        "layers": [Word(f"{float(units):,.0f}", sources_of(units)) for units in found["sizes"]["units"]],
        "sizes": learning_curve(table(LEARNING_CURVE)),
        "longer": longer(table(LEARNING_CURVE)),
        "context": last_lines(found["context"]),
        "next": found["next"],
        "excerpt": found["test"][:EXCERPT],
    }


def learning_curve(rows: list[Row]) -> list[Row]:
    """For each size of the training text: means over the seeds, the ratio to the n-grams, the longest copy of all."""
    found = []
    for some in by_size(rows, "characters").values():
        means = {key: sum(row[key] for row in some) / len(some) for key in ("nats", "lstm", "ngram", "bzip2", "xz")}
        nats = [float(row["nats"]) for row in some]
        spread = Measured(statistics.stdev(nats) if len(nats) > 1 else 0, sources_of(row["nats"] for row in some))
        found.append(
            {
                "characters": some[0]["characters"],
                **means,
                "spread": spread,
                "compressor": min(means["bzip2"], means["xz"], key=float),
                "ratio": means["nats"] / means["ngram"],
                "longest_copy": max((row["longest_copy"] for row in some), key=float),
            }
        )
    return found


def longer(rows: list[Row]) -> list[Row]:
    """Where a longer training was measured: its nats beside the default's and the n-grams', and its minutes."""
    found = []
    for row in rows:
        if row.get("longer", "") != "":  # a column with empty cells is read as text
            nats, seconds = (Measured(float(row[key]), sources_of(row[key])) for key in ("longer", "longer_seconds"))
            about = {"characters": row["characters"], "default": row["nats"], "ratio": nats / row["ngram"]}
            found.append({**about, "nats": nats, "minutes": seconds / 60})
    return found


def temperature(rows: list[Row]) -> Row:
    """Measures of the samples at the lowest and the highest temperature."""
    low, high = rows[0], rows[-1]
    change = ("rises", "falls", "stays")
    return {
        "temperatures": rows,
        "low": low,
        "high": high,
        "several": len(rows) > 1,
        "entropy": than(high["entropy"], low["entropy"], *change),
        "known": than(high["known_words"], low["known_words"], *change),
        "distinct": than(high["distinct_1"], low["distinct_1"], *change),
        "unknown": 1 - high["known_words"],
        "middle": (low["temperature"] + high["temperature"]) / 2,
    }


def distributions(rows: list[Row]) -> Row:
    """The distribution of one next character at several temperatures: the likeliest, and the sum of the unlisted."""
    following: dict[float, list[Row]] = {}
    for row in rows:
        following.setdefault(float(row["temperature"]), []).append(row)
    panels = list(following.values())
    return {
        "likeliest": [panel[0] for panel in panels],
        "tail": [panel[-1] for panel in panels],
        "listed_characters": len(panels[0]) - 1,
    }


def samples(rows: list[Row]) -> Row:
    """The beginning of a sample at each temperature, and the longest passage copied from the training text."""
    longest = max(rows, key=lambda row: row["measures"]["longest_copy"])
    titles = [
        Word(f"T = {float(row['measures']['temperature']):g}", row["measures"]["temperature"].sources) for row in rows
    ]
    return {
        "samples": [
            (title, text[:EXCERPT]) for title, row in zip(titles, rows, strict=True) for text in row["texts"][:1]
        ],
        "copied": longest["copied"],
        "copied_length": longest["measures"]["longest_copy"],
        "sampled": sum(len(row["texts"]) for row in rows),
        "prompt": rows[0]["prompt"].strip(),
    }


def last_lines(text: str) -> str:
    """The end of a text, from the beginning of a line where there is one."""
    return text[-EXCERPT:].split("\n\n")[-1][-EXCERPT // 2 :]
