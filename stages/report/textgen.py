"""The text model: baselines, the effect of temperature on samples and on one distribution."""

import statistics
from collections.abc import Iterator

from matplotlib.figure import Figure

from stages.core import artifacts
from stages.evaluation import charts
from stages.report import results
from stages.report.results import Row, table
from stages.report.wording import FEW, compared, negative, verdict

EXCERPT = 180  # characters of each sample
PASSAGE = 1000  # characters: the items of the test text's intervals
LEARNING_CURVE = "benchmarks/learning_curve"  # a series
BASELINES = {
    "unigram": "single characters",
    "bigram": "character bigrams",
    "bzip2": "bzip2, in blocks of 900 kB",
    "ngram": "Kneser-Ney n-grams, order chosen on validation",
}
LEARNERS = {
    "nats": "text model",
    "lstm": "its LSTM alone",
    "ngram": "Kneser-Ney n-grams",
    "bzip2": "bzip2",
}


def variables() -> Row:
    """Variables of the text model's section, beyond its metrics."""
    metrics = results.measured("textgen")
    difference, items = negative(metrics["nats_minus_ngram_interval"]), metrics["characters"]["test"] // PASSAGE
    panels = list(results.grouped(table("textgen/next"), "temperature").values())  # one character's distributions
    rivals = [metrics["baselines"][key] for key in BASELINES] + [one["nats"] for one in metrics["branches"].values()]
    return {
        "verdict": verdict(difference, items),
        "compared": compared(difference, items),
        "few": items < FEW,
        "best": min(metrics["nats"], *rivals),
        "references": [(name, metrics["baselines"][key]) for key, name in BASELINES.items()],
        "mixed": "ngrams" in metrics["branches"],
        "warning": metrics["warning"].rstrip("."),
        **temperature(table("textgen/temperature")),
        "likeliest": [panel[0] for panel in panels],
        "tail": [panel[-1] for panel in panels],
        "listed_characters": len(panels[0]) - 1,
        **samples(artifacts.read_json(results.SAMPLES)),
        "layers": [str(units) for units in metrics["sizes"]["units"]],
        "benchmarked": results.packaged("text"),
        "learning_curve": learning_curve(table(LEARNING_CURVE)),
        "context": last_lines(metrics["context"]),
        "excerpt": metrics["test"][:EXCERPT],
    }


def learning_curve(rows: list[Row]) -> list[Row]:
    """For each size of the training text: means over the seeds, the ratio to the n-grams, the longest copy of all."""
    found = results.mean_rows(rows, "characters", list(LEARNERS))
    for row in found:
        some = [one for one in rows if one["characters"] == row["characters"]]
        row["spread"] = statistics.stdev(one["nats"] for one in some) if len(some) > 1 else 0.0
        row["longest_copy"] = max(one["longest_copy"] for one in some)
        row["ratio"] = row["nats"] / row["ngram"]
        row["best"] = min(row[name] for name in LEARNERS)
    return found


def temperature(rows: list[Row]) -> Row:
    """Measures of the samples at the lowest and the highest temperature."""
    low, high = rows[0], rows[-1]
    return {
        "temperatures": rows,
        "low": low,
        "high": high,
        "unknown": 1 - high["known_words"],
        "middle": (low["temperature"] + high["temperature"]) / 2,
    }


def samples(rows: list[Row]) -> Row:
    """The beginning of a sample at each temperature, and the longest passage copied from the training text."""
    longest = max(rows, key=lambda row: row["measures"]["longest_copy"])
    return {
        "samples": [(row["measures"]["temperature"], row["texts"][0][:EXCERPT]) for row in rows],
        "copied": longest["copied"],
        "copied_length": longest["measures"]["longest_copy"],
        "sampled": sum(len(row["texts"]) for row in rows),
        "prompt": rows[0]["prompt"].strip(),
    }


def last_lines(text: str) -> str:
    """The end of a text, from the beginning of a line where there is one."""
    return text[-EXCERPT:].split("\n\n")[-1][-EXCERPT // 2 :]


def figures() -> Iterator[tuple[str, Figure]]:
    """Loss, layers, baselines, measures of samples by temperature, one distribution at several temperatures."""
    yield "textgen-loss", charts.losses(table("textgen/history"), "nats per character")
    yield "textgen-plan", charts.plan(table("textgen/layers"))
    orders = results.curves(table("textgen/orders"), "order", "nats", "method")
    yield "textgen-orders", charts.lines(orders, x_label="order of the n-gram", y_label="nats per character")
    rows = table("textgen/temperature")
    temperatures = [row["temperature"] for row in rows]
    entropies = {"entropy": (temperatures, [row["entropy"] for row in rows])}
    words = results.curves(table("textgen/words"), "temperature", "share", "method")
    for name, series, label in (
        ("textgen-entropy", entropies, "entropy of the next character (nats)"),
        ("textgen-words", words, "share"),
    ):
        chart = charts.lines(series, x_label="temperature", y_label=label)
        chart.axes[0].set_ylim(bottom=0)
        yield name, chart
    means = results.mean_rows(table(LEARNING_CURVE), "characters", list(LEARNERS))
    sizes = [row["characters"] for row in means]
    learners = {name: (sizes, [row[column] for row in means]) for column, name in LEARNERS.items()}
    chart = charts.lines(learners, x_label="characters to train on", y_label="nats per character")
    charts.make_logarithmic(chart.axes[0])
    yield "textgen-sizes", chart
    panels = {
        f"T = {value:g}": [(str(row["character"]), row["probability"]) for row in some]
        for value, some in results.grouped(table("textgen/next"), "temperature").items()
    }
    yield "textgen-next", charts.bars(panels, x_label="probability of the next character")
