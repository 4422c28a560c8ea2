"""evaluate-textgen: the text model, n-grams and bzip2 on held-out text, and samples at each temperature."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from stages.core import artifacts
from stages.core.command import run
from stages.evaluation import charts, measures
from stages.params import Params
from stages.textgen import baselines, generate
from stages.textgen import model as network
from stages.textgen.characters import decode, encode, entropy, tempered
from stages.textgen.preprocess import SEPARATOR, doubt_about, read
from stages.textgen.train import MODEL

METRICS = "metrics/textgen.json"
EVALUATION = "data/textgen/evaluation.json"  # all that is measured
SAMPLES = "models/textgen-samples.json"
PLOTS = "plots/textgen"
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
    train, test = decode(text.train, vocabulary), decode(text.test, vocabulary)
    model = network.load(MODEL)
    reader = network.reader(model.network, model.shape, network.STREAMS, parts=True)
    costs, hits = network.costs(reader, text.test, start)
    context, next_characters = worked_example(reader, text.test, start, vocabulary)
    counted = baselines.KneserNey(text.train, params.textgen.ngrams.order, len(vocabulary))
    ngrams = {part: -np.log(counted.probabilities(getattr(text, part), start)) for part in ("validation", "test")}
    del counted
    means = {part: of_part.mean(axis=1) for part, of_part in ngrams.items()}  # of each order
    order = 1 + int(np.argmin(means["validation"]))  # of the baseline

    prompt = generate.suitable_prompt(params.textgen.sampling.prompt, train, test)
    samples = generate.measured(model, prompt, train, params)
    of_samples = {row["measures"]["temperature"]: row["measures"] for row in samples}
    known_words_of_test = generate.known_words(test, set(generate.words(train)))
    difference = passages(costs[0] - ngrams["test"][order - 1])

    evaluation = {
        **quality(costs[0], hits, seed=params.seed),
        "baselines": dict(zip(("unigram", "bigram", "ngram"), means["test"][[0, 1, order - 1]], strict=True))
        | {"bzip2": baselines.bzip2(train, test)},
        "ngram_order": order,
        "nats_minus_ngram_interval": measures.interval(difference, seed=params.seed),
        "branches": branches(model, costs, seed=params.seed),
        "parameters": model.network.count_params(),
        "vocabulary": len(vocabulary),
        "sizes": model.sizes,
        "characters": {part: len(ids) for part, ids in text._asdict().items()},
        "known_words": of_samples[1.0]["known_words"],
        "known_words_of_test": known_words_of_test,
        "copied_run": generate.COPIED,
        "warning": doubt_about(text, vocabulary),
        "test": test[:EXCERPT],
        **context,
    }
    artifacts.write_json(EVALUATION, evaluation)
    headlines = {
        **{name: evaluation[name] for name in ("nats", "accuracy", "known_words")},
        "baselines": {name: evaluation["baselines"][name] for name in ("ngram", "bzip2")},
        "minus_baseline": evaluation["nats_minus_ngram_interval"],
    }
    artifacts.write_json(METRICS, headlines)
    artifacts.write_json(SAMPLES, samples)
    curves = {f"Kneser-Ney, {part}": of_orders for part, of_orders in means.items()}
    curves["text model, test"] = np.full(len(means["test"]), costs[0].mean())
    rows = [
        {"order": n, "method": method, "nats": nats}
        for method, curve in curves.items()
        for n, nats in enumerate(curve, start=1)
    ]
    artifacts.write_csv(f"{PLOTS}/orders.csv", rows)
    artifacts.write_csv(f"{PLOTS}/layers.csv", measures.layers(model.network))
    artifacts.write_csv(f"{PLOTS}/next.csv", next_characters)
    artifacts.write_csv(f"{PLOTS}/temperature.csv", list(of_samples.values()))
    artifacts.write_csv(f"{PLOTS}/words.csv", generate.shares_of_words(list(of_samples.values()), known_words_of_test))
    picture = charts.text_page(
        {f"temperature {row['measures']['temperature']:g}": row["texts"][0][:SHOWN] for row in samples},
        title=f"Text sampled from the model after {prompt.strip()!r}",
        columns=2,
    )
    artifacts.write_png(f"{PLOTS}/samples.png", picture)
    print(f"textgen: {evaluation['nats']:.4f} nats per character; n-grams {evaluation['baselines']['ngram']:.4f}")


def branches(model: network.TextModel, costs: np.ndarray, *, seed: int) -> dict[str, dict[str, float | list[float]]]:
    """The LSTM and, where the model has them, the n-grams, each by itself.

    `costs` are nats of each character by the whole model and by each branch, shape (1 + branches, n). A branch has its
    `weight` in the sum of log-probabilities, and a 95 % interval of what the other one saves: it minus the whole.
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


def measure(model: network.TextModel, documents: Sequence[str], *, limit: int | None = None) -> dict[str, Any]:
    """The measures that need only a model and the first `limit` characters of a text."""
    ids = encode(SEPARATOR.join(documents)[:limit], model.vocabulary)
    reader = network.reader(model.network, model.shape, network.STREAMS)
    (nats,), hits = network.costs(reader, ids, max(0, model.vocabulary.find("\n")))
    return {
        "characters": len(ids),
        "unknown_characters": np.sum(ids == 0),
        **quality(nats, hits, seed=model.seed),
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


def worked_example(
    reader: keras.Model, ids: np.ndarray, start: int, vocabulary: str
) -> tuple[dict[str, str], list[dict[str, float | str]]]:
    """The distribution of the next character at one place of a text, at each temperature of `WORKED`.

    The place is the first one, from the 100th character on, where `OPEN` or more characters have a probability of
    `LIKELY` or more, or else the one with the highest entropy. Rows have the `LISTED` likeliest characters at
    temperature 1, and the others together. The first three arguments are those of `network.read`.
    """
    ids = ids[:SEARCHED]
    logits = np.zeros((len(ids), len(vocabulary)), np.float32)
    for places, (by_model, *_) in network.read(reader, ids, start):
        logits[places] = by_model
    likelihoods = tempered(logits, np.ones(len(logits)))
    begin = min(100, len(ids) - 1)
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
    context = decode(ids[max(0, place - EXCERPT) : place], vocabulary)
    return {"context": context, "next": visible(vocabulary[ids[place]])}, rows


def visible(character: str) -> str:
    """A character in a printable form."""
    names = {" ": "space", "\n": "line break", "\t": "tab"}
    return names.get(character, character if character.isprintable() else f"U+{ord(character):04X}")


if __name__ == "__main__":
    run(main)
