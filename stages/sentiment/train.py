"""train-sentiment: the classifier of reviews."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.params import Params, SentimentNetwork
from stages.sentiment import batches, ngrams, thresholds, vectors
from stages.sentiment import model as network
from stages.sentiment.batches import Reviews
from stages.sentiment.encoding import padded
from stages.sentiment.preprocess import NGRAMS, VOCABULARY
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.layers import binary_cross_entropy, start_orthogonal
from stages.training.optimizers import muon, warmup_cosine

MODEL = "models/sentiment.keras"
HISTORY = "plots/sentiment/history.csv"


class Stream(NamedTuple):
    """What one input of the LSTM branch reads in each step, padded to a multiple of `multiple` words.

    `weight` is that of its loss.
    """

    batches: Callable[[int], tuple[list[np.ndarray], np.ndarray]]  # step → word ids of each text, labels
    multiple: int
    weight: float


def main(params: Params) -> None:
    data, settings = artifacts.read_npz(DATA), params.sentiment.training
    sizes = sizes_for(data, params.sentiment.network)
    train, validation = (batches.reviews(data, part, sizes) for part in ("train", "validation"))
    prepare(params.seed)
    evidence, weights, intercept = fit_ngrams(train, sizes)
    model = network.build(sizes, evidence)
    start_orthogonal(model, params.seed)
    network.set_ngrams(model, weights, intercept)
    words = model.get_layer("word_vectors")
    words.set_weights([vectors.initial(train.words, train.labels, *words.embeddings.shape, seed=params.seed)])
    streams = streams_of(data, train, sizes, params)
    branches, lstm = network.branches(model), network.trained(model, tuple(streams))
    lstm.compile(
        optimizer=muon(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=dict.fromkeys(streams, binary_cross_entropy),
        loss_weights={name: stream.weight for name, stream in streams.items()},
        jit_compile=False,
    )
    # Makes the variables that hold the mean losses. If the first step made them, it would be traced twice: 4 s.
    nothing = dict.fromkeys(streams, np.zeros((1, 1), np.float32))
    lstm.compute_loss(y=nothing, y_pred=nothing)
    checkpoint = Checkpoint(
        "sentiment",
        {"seed": params.seed, "threads": params.threads, "kernels": params.kernels, "sentiment": params.sentiment},
        inputs=[DATA],
    )
    history = fit(
        lstm,
        epochs_of(streams, params),
        epochs=settings.epochs,
        validate=lambda _: quality(network.logits(branches, validation, sizes.pool), validation),
        checkpoint=checkpoint,
        monitor="val_lstm_accuracy",
    )
    logits = network.logits(branches, validation, sizes.pool)
    # Negated clauses count here too: the n-grams, which cannot read them, must not overrule the LSTM on a few words.
    clauses = batches.reviews(data, "validation_clauses", sizes)
    more = network.logits(branches, clauses, sizes.pool)
    both = {name: np.concatenate([logits[name], more[name]]) for name in logits}
    weights = network.best_weights(both, np.concatenate([validation.labels, clauses.labels]))
    network.set_weights(model, weights)
    reviews = validation.source == 0
    probability = network.probability(logits, weights)[reviews]
    attached = {
        "seed": params.seed,
        "network": sizes.model_dump(),
        "vocabulary": artifacts.read_text(VOCABULARY).splitlines(),
        "ngrams": artifacts.read_npz(NGRAMS)["keys"][: sizes.ngrams],
        "thresholds": thresholds.table(validation.labels[reviews], probability),
        "validation_reviews": int(np.sum(reviews)),
    }
    model_files.write(MODEL, model, attached)
    # With several streams, the sum of their losses is what was minimised; the first is comparable with `val_loss`.
    artifacts.write_csv(HISTORY, [{**row, "loss": row.get("reviews_loss", row["loss"])} for row in history])
    checkpoint.remove()


def sizes_for(data: Mapping[str, np.ndarray], network: SentimentNetwork) -> SentimentNetwork:
    """The sizes in params.yaml, with no more words than the reviews have; names, numbered last, have no vector."""
    return network.model_copy(update={"vocabulary": min(network.vocabulary, int(data["plain_words"]))})


def fit_ngrams(train: Reviews, sizes: SentimentNetwork) -> tuple[np.ndarray, np.ndarray, float]:
    """The log ratios of the n-grams, shape (n,), their weights and the intercept of the n-gram branch."""
    numbers = [ids - 1 for ids in train.ngrams]
    present = ngrams.occurrence(numbers, max(int(ids.max(initial=-1)) for ids in numbers) + 1)
    evidence = ngrams.log_ratios(present, train.labels)
    fitted = ngrams.fit(present, evidence, train.labels, dropout=sizes.ngram_dropout, penalty=sizes.ngram_penalty)
    return evidence, *fitted


def streams_of(
    data: Mapping[str, np.ndarray], train: Reviews, sizes: SentimentNetwork, params: Params
) -> dict[str, Stream]:
    """What the LSTM branch reads in each step, by name: reviews, texts of further sources, negated clauses."""
    settings = params.sentiment.training
    clauses = batches.reviews(data, "train_clauses", sizes)
    short = 2 * sizes.pool
    kinds = {
        "reviews": (train.words, train.labels, np.flatnonzero(train.source == 0), settings.batch, 8 * sizes.pool, 1.0),
        "others": (train.words, train.labels, np.flatnonzero(train.source > 0), settings.others, short, 1.0),
        "negations": (clauses.words, clauses.labels, np.arange(len(clauses.words)), settings.negations, short, 0.5),
    }
    return {
        name: Stream(_batches(words, labels, rows, size, [params.seed, number]), multiple, weight)
        for number, (name, (words, labels, rows, size, multiple, weight)) in enumerate(kinds.items())
        if len(rows) and size
    }


def epochs_of(streams: Mapping[str, Stream], params: Params) -> Callable[[int], tf.data.Dataset]:
    """A function: number of an epoch → its batches of each stream, for `network.trained`."""
    settings = params.sentiment.training

    def epoch_data(epoch: int) -> tf.data.Dataset:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)

        def examples() -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
            for step in steps:
                ids, labels = {}, {}
                for name, stream in streams.items():
                    texts, label = stream.batches(step)
                    ids[name] = padded(texts, stream.multiple)
                    labels[name] = label[:, None].astype(np.float32)
                yield ids, labels

        signature = (
            {name: tf.TensorSpec((None, None), tf.int32) for name in streams},
            {name: tf.TensorSpec((None, 1), tf.float32) for name in streams},
        )
        dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    return epoch_data


def quality(logits: dict[str, np.ndarray], validation: Reviews) -> dict[str, float]:
    """Means over the sources of the validation texts: the LSTM branch's cross-entropy in nats, and accuracies."""
    labels, weights = validation.labels, network.best_weights(logits, validation.labels)
    losses = np.logaddexp(0, np.where(labels == 1, -logits["lstm"], logits["lstm"]))
    right = {"": (network.probability(logits, weights) >= 0.5) == labels}
    right |= {f"{name}_": (logits[name] >= 0) == labels for name in network.BRANCHES}
    sources = [validation.source == number for number in np.unique(validation.source)]
    accuracies = {f"{name}accuracy": np.mean([found[rows].mean() for rows in sources]) for name, found in right.items()}
    return {"loss": np.mean([losses[rows].mean() for rows in sources]), **accuracies}


def _batches(
    words: list[np.ndarray], labels: np.ndarray, rows: np.ndarray, size: int, seed: list[int]
) -> Callable[[int], tuple[list[np.ndarray], np.ndarray]]:
    """Batches of some of the texts, of similar length: step → word ids of each, labels."""
    chosen = batches.bucketed(np.array([len(words[row]) for row in rows]), size, seed)

    def of_step(step: int) -> tuple[list[np.ndarray], np.ndarray]:
        some = rows[chosen(step)]
        return [words[row] for row in some], labels[some]

    return of_step


if __name__ == "__main__":
    run(main)
