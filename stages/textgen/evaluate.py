"""evaluate-textgen: the text model, n-grams and compressors on held-out text, and samples at each temperature."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.evaluation import charts, measures
from stages.params import Params
from stages.textgen import baselines, ngrams, samples
from stages.textgen import model as network
from stages.textgen.characters import decode, encode, entropy, tempered
from stages.textgen.preprocess import SEPARATOR, Parts, doubt_about, read
from stages.textgen.train import MODEL

METRICS = "metrics/textgen.json"
SAMPLES = "models/textgen-samples.json"
SAMPLES_PICTURE = "plots/textgen/samples.png"
TEMPERATURES = "plots/textgen/temperature.csv"
WORDS = "plots/textgen/words.csv"
ORDERS = "plots/textgen/orders.csv"
NEXT = "plots/textgen/next.csv"
LAYERS = "plots/textgen/layers.csv"
EVALUATION = "data/textgen/evaluation.json"
HELD_OUT = ("validation", "test")
PASSAGE = 1000  # characters
SHOWN = 560  # characters of each sample in the picture
# The worked example of a temperature, whatever textgen.temperatures are.
WORKED = (0.2, 0.5, 1.0, 1.5)
SEARCHED = 2000  # characters of the test text in which its place is searched
OPEN, LIKELY = 4, 0.05  # a place is open if so many characters have at least that probability
LISTED = 8  # characters shown one by one; the rest are summed up
EXCERPT = 500  # characters of the test text and of a context


def main(params: Params) -> None:
    text, vocabulary = read()
    start = max(0, vocabulary.find("\n"))
    model = network.attached(MODEL, model_files.read(MODEL))
    reader = network.reader(model.network, model.shape, network.STREAMS, parts=True)
    validation_costs, _ = network.costs(reader, text.validation, start)
    test_costs, hits = network.costs(reader, text.test, start)
    del reader  # a second copy of the n-gram tables
    nats, validation_nats = test_costs[0], validation_costs[0].mean()
    costs = ngram_costs(text, len(vocabulary), params.textgen.ngrams.order, start)
    order = 1 + int(np.argmin(costs["validation"].mean(axis=1)))  # of the baseline
    train, test = decode(text.train, vocabulary), decode(text.test, vocabulary)
    params = samples.with_suitable_prompt(params, vocabulary, test)
    sampled = samples.measured(model, train, params)
    by_temperature = {row["measures"]["temperature"]: row["measures"] for row in sampled}
    known = samples.known_words(test, set(samples.words(train)))
    context, rows = worked_example(model.network, text.test, vocabulary)
    measured = quality(nats, hits, seed=params.seed)
    minus_ngrams = measures.interval(passages(nats - costs["test"][order - 1]), seed=params.seed)
    artifacts.write_json(
        METRICS,
        {
            **{name: measured[name] for name in ("nats", "bits", "perplexity", "accuracy")},
            "minus_baseline": dict(zip(("low", "high"), minus_ngrams, strict=True)),
            "validation_nats": validation_nats,
            "baselines": baseline_costs(costs["test"].mean(axis=1), order, train, test),
            "known_words": by_temperature[1.0]["known_words"],
        },
    )
    artifacts.write_json(
        EVALUATION,
        {
            "parameters": model.network.count_params(),
            "vocabulary": len(vocabulary),
            "sizes": model_files.attachments(MODEL, {"sizes": dict})["sizes"],
            "characters": {part: len(ids) for part, ids in text._asdict().items()},
            "branches": branches(model, test_costs, seed=params.seed),
            "ngram_order": order,
            "nats_interval": measured["nats_interval"],
            "nats_minus_ngram_interval": minus_ngrams,
            "copied_run": samples.COPIED,
            "known_words_of_test": known,
            "warning": doubt_about(text, vocabulary),
            "test": test[:EXCERPT],
            **context,
        },
    )
    artifacts.write_csv(ORDERS, orders(costs, {"validation": validation_nats, "test": nats.mean()}))
    artifacts.write_csv(LAYERS, measures.layers(model.network))
    artifacts.write_csv(NEXT, rows)
    artifacts.write_json(SAMPLES, sampled)
    artifacts.write_csv(TEMPERATURES, list(by_temperature.values()))
    artifacts.write_csv(WORDS, samples.shares_of_words(list(by_temperature.values()), known))
    picture = charts.text_page(
        {f"temperature {row['measures']['temperature']:g}": row["texts"][0][:SHOWN] for row in sampled},
        title=f"Text sampled from the model after {params.textgen.sampling.prompt.strip()!r}",
        columns=2,
    )
    artifacts.write_png(SAMPLES_PICTURE, picture)
    ngram = costs["test"][order - 1].mean()
    print(f"textgen: {nats.mean():.4f} nats per character; baseline: n-grams {ngram:.4f}")


def ngram_costs(text: Parts, vocabulary: int, order: int, start: int) -> dict[str, np.ndarray]:
    """Nats of each character of each held-out part by n-grams of the training text, shape (orders, n)."""
    counted = ngrams.KneserNey(text.train, min(order, ngrams.highest_order(vocabulary)), vocabulary)
    return {part: -np.log(counted.probabilities(getattr(text, part), start)) for part in HELD_OUT}


def baseline_costs(ngrams: np.ndarray, order: int, train: str, test: str) -> dict[str, float]:
    """Nats per character of the test text by each baseline; `ngrams` has those of each order."""
    by_order = {"unigram": ngrams[0], "bigram": ngrams[1], "ngram": ngrams[order - 1]}
    return {**by_order, **baselines.compressed(train, test)}


def branches(model: network.TextModel, costs: np.ndarray, *, seed: int) -> dict[str, dict[str, float | list[float]]]:
    """The LSTM and, where the model has them, the n-grams, each by itself.

    Args:
        model: with these branches.
        costs: of each character by the whole model and by each branch, shape (1 + branches, n).
        seed: of the intervals.

    Returns:
        For each branch its `nats` per character, its `weight` in the sum of log-probabilities, and a 95 % interval of
        what the other branch saves: this branch minus the whole.
    """
    weights = network.weights_of(model.network) if model.shape.tables else (1.0,)
    return {
        name: {
            "nats": alone.mean(),
            "weight": weight,
            "nats_minus_whole_interval": measures.interval(passages(alone - costs[0]), seed=seed),
        }
        for name, weight, alone in zip(("lstm", "ngrams"), weights, costs[1:], strict=False)
    }


def measure(
    path: str | Path, model: keras.Model, documents: Sequence[str], *, limit: int | None = None
) -> dict[str, Any]:
    """The measures that need only a model, with its file, and the first `limit` characters of a text."""
    _, shape, vocabulary, seed = network.attached(path, model)
    ids = encode(SEPARATOR.join(documents)[:limit], vocabulary)
    reader = network.reader(model, shape, network.STREAMS)
    (nats,), hits = network.costs(reader, ids, max(0, vocabulary.find("\n")))
    return {
        "characters": len(ids),
        "unknown_characters": np.sum(ids == 0),
        **quality(nats, hits, seed=seed),
        "nats_of_known": nats[ids > 0].mean() if np.any(ids > 0) else None,
    }


def quality(nats: np.ndarray, hits: np.ndarray, *, seed: int) -> dict[str, float | list[float]]:
    """Cross-entropy in nats and bits per character, perplexity and accuracy, from what `network.costs` gives."""
    return {
        "nats": nats.mean(),
        "nats_interval": measures.interval(passages(nats), seed=seed),
        "bits": nats.mean() / np.log(2),
        "perplexity": np.exp(nats.mean()),
        "accuracy": hits.mean(),
    }


def passages(nats: np.ndarray) -> np.ndarray:
    """Mean cost of each `PASSAGE` characters: single ones depend on their neighbours, so they cannot be resampled."""
    length = min(PASSAGE, len(nats))
    return nats[: len(nats) // length * length].reshape(-1, length).mean(axis=1)


def orders(costs: dict[str, np.ndarray], whole: dict[str, float]) -> list[dict[str, Any]]:
    """Curves to plot: nats per character of the n-grams of each order on each held-out part; and of the model."""
    return [
        {"order": order + 1, "method": f"{name}, {part}", "nats": cost}
        for part in HELD_OUT
        for name, levels in (("Kneser-Ney", costs[part].mean(axis=1)), ("text model", [whole[part]] * len(costs[part])))
        for order, cost in enumerate(levels)
    ]


def worked_example(
    model: keras.Model, ids: np.ndarray, vocabulary: str
) -> tuple[dict[str, str], list[dict[str, float | str]]]:
    """The distribution of the next character at one place of a text, at each temperature of `WORKED`.

    The place is the first one, from the 100th character on, where `OPEN` or more characters have a probability of
    `LIKELY` or more. If there is none, it is the one with the highest entropy.

    Returns:
        The `context` before the place and the character that really comes `next`; and rows of `temperature`,
        `character`, `probability`: the `LISTED` likeliest characters at temperature 1, and the others together.
    """
    ids = ids[:SEARCHED]
    logits = model.predict_on_batch(ids[None, :-1].astype(np.int32))[0]
    likelihoods = tempered(logits, np.ones(len(logits)))
    begin = min(100, len(logits) - 1)
    choices = np.sum(np.exp(likelihoods[begin:]) >= LIKELY, axis=1)
    found = np.argmax(choices >= OPEN) if choices.max() >= OPEN else np.argmax(entropy(likelihoods[begin:]))
    place = int(begin + found)
    listed = np.argsort(-likelihoods[place], kind="stable")[:LISTED]
    rows: list[dict[str, float | str]] = []
    for temperature in WORKED:
        probabilities = np.exp(tempered(logits[[place]], np.array([temperature]))[0])
        chosen = [(visible(vocabulary[number]), probabilities[number]) for number in listed]
        for character, probability in [*chosen, ("all others", max(0.0, 1 - probabilities[listed].sum()))]:
            rows.append({"temperature": temperature, "character": character, "probability": probability})
    read = decode(ids[: place + 1], vocabulary)
    return {"context": read[-EXCERPT:], "next": visible(vocabulary[ids[place + 1]])}, rows


def visible(character: str) -> str:
    """A character in a printable form."""
    names = {" ": "space", "\n": "line break", "\t": "tab"}
    return names.get(character, character if character.isprintable() else f"U+{ord(character):04X}")


if __name__ == "__main__":
    run(main)
