"""train-sentiment: the classifier of reviews."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import tensorflow as tf

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.core.rng import rng
from stages.params import Params, SentimentNetwork, SentimentTraining
from stages.sentiment import model as network
from stages.sentiment import ngrams, preprocess, scores, vectors
from stages.sentiment.encoding import padded
from stages.training.batches import permutations
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.layers import binary_cross_entropy, start_orthogonal
from stages.training.optimizers import muon, warmup_cosine

MODEL = "models/sentiment.keras"
HISTORY = "plots/sentiment/history.csv"
WEIGHTS = {"reviews": 1.0, "others": 1.0, "negations": 0.5}  # of the loss of each stream
CLAUSE = 0.1  # how much one counts where the branches are weighted: with 1, n-grams say nothing about short sentences
Stream = Callable[[int], tuple[np.ndarray, np.ndarray]]  # number of a step → word ids (n, length) and labels (n, 1)


def main(params: Params) -> None:
    data, settings = artifacts.read_npz(preprocess.OUTPUT), params.sentiment.training
    sizes = sizes_for(data, params.sentiment.network)
    train, validation = (network.reviews(data, part, sizes) for part in ("train", "validation"))
    prepare(params.seed)
    weights, intercepts = fit_ngrams(train, sizes)
    model = network.build(sizes, len(weights))
    start_orthogonal(model, params.seed)
    network.set_ngrams(model, weights, intercepts)
    words = model.get_layer("word_vectors")
    words.set_weights([vectors.initial(train.words, train.labels, *words.embeddings.shape, seed=params.seed)])
    streams = streams_of(train, network.reviews(data, "train_clauses", sizes), sizes, params)
    branches, lstm = network.branches(model), network.trained(model, tuple(streams))
    lstm.compile(
        optimizer=muon(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=dict.fromkeys(streams, binary_cross_entropy),
        loss_weights={name: WEIGHTS[name] for name in streams},
        jit_compile=False,
    )
    # Makes the variables that hold the mean losses. If the first step made them, it would be traced twice: 4 s.
    nothing = dict.fromkeys(streams, np.zeros((1, 1), np.float32))
    lstm.compute_loss(y=nothing, y_pred=nothing)
    decisive = {name: getattr(params, name) for name in ("seed", "threads", "sentiment")}
    checkpoint = Checkpoint("sentiment", decisive, inputs=[preprocess.OUTPUT])
    history = fit(
        lstm,
        epochs_of(streams, settings),
        epochs=settings.epochs,
        validate=lambda _: quality(network.logits(branches, validation, sizes.pool)[:, 0], validation),
        checkpoint=checkpoint,
        monitor="val_lstm_accuracy",
    )
    logits = network.logits(branches, validation, sizes.pool)
    # Negated clauses count here too: the n-grams, which cannot read them, must not overrule the LSTM on a few words.
    clauses = network.reviews(data, "validation_clauses", sizes)
    both = np.concatenate([logits, network.logits(branches, clauses, sizes.pool)])
    counts = np.repeat([1, CLAUSE], [len(logits), len(clauses.labels)])
    weights = network.best_weights(both, np.concatenate([validation.labels, clauses.labels]), counts)
    model.get_layer("sentiment").set_weights([weights.reshape(-1, 1)])
    reviews = validation.source == 0
    probability = network.probabilities(logits[reviews], weights)["network"]
    attached = {
        "seed": params.seed,
        "network": sizes.model_dump(),
        "vocabulary": artifacts.read_text(preprocess.VOCABULARY).splitlines(),
        "ngrams": data["ngrams"][: sizes.ngrams],
        "thresholds": scores.table(validation.labels[reviews], probability),
        "validation_reviews": int(np.sum(reviews)),
    }
    model_files.write(MODEL, model, attached)
    # Of several streams, the sum of their losses was minimised; that of reviews is comparable with `val_loss`.
    artifacts.write_csv(HISTORY, [{**row, "loss": row.get("reviews_loss", row["loss"])} for row in history])
    checkpoint.remove()


def sizes_for(data: Mapping[str, np.ndarray], network: SentimentNetwork) -> SentimentNetwork:
    """The sizes in params.yaml, with no more words than the reviews have; names, numbered last, have no vector."""
    return network.model_copy(update={"vocabulary": min(network.vocabulary, int(data["plain_words"]))})


def fit_ngrams(train: network.Reviews, sizes: SentimentNetwork) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the n-grams, shape (n, 2), and the intercepts, shape (2,): those of the largest source and of all
    long texts; what the short texts of the other sources need in addition.
    """
    present = ngrams.occurrence([ids - 1 for ids in train.ngrams], max(int(ids.max(initial=0)) for ids in train.ngrams))
    short = (train.source > 0) & (np.array([len(ids) for ids in train.words]) < 2 * sizes.sentence_scale)
    weights, intercepts = np.zeros((present.shape[1], 2)), np.zeros(2)
    for column, rows in enumerate((~short, short)):
        if len(set(train.labels[rows])) == 2:
            known = ngrams.logits(present[rows], weights[:, 0], intercepts[0])
            weights[:, column], intercepts[column] = ngrams.fit(
                present[rows], train.labels[rows], known, dropout=sizes.ngram_dropout, penalty=sizes.ngram_penalty
            )
    return weights, intercepts


def streams_of(
    train: network.Reviews, clauses: network.Reviews, sizes: SentimentNetwork, params: Params
) -> dict[str, Stream]:
    """What the LSTM branch reads in each step, by name: reviews, texts of further sources, negated clauses."""
    settings, streams = params.sentiment.training, {}
    for name, texts, chosen, size, multiple in (
        ("reviews", train, train.source == 0, settings.batch, 8 * sizes.pool),
        ("others", train, train.source > 0, settings.others, 2 * sizes.pool),
        ("negations", clauses, clauses.source == 0, settings.negations, 2 * sizes.pool),
    ):
        if size and chosen.any():
            words = [texts.words[row] for row in np.flatnonzero(chosen)]
            rows_of = bucketed(np.array([len(ids) for ids in words]), size, params.seed, name)
            streams[name] = partial(_batch, words, texts.labels[chosen], multiple, rows_of)
    return streams


def _batch(
    words: list[np.ndarray], labels: np.ndarray, multiple: int, rows_of: Callable[[int], np.ndarray], step: int
) -> tuple[np.ndarray, np.ndarray]:
    rows = rows_of(step)
    return padded([words[row] for row in rows], multiple), labels[rows, None].astype(np.float32)


def bucketed(lengths: np.ndarray, size: int, seed: int, stream: str, *, pool: int = 50) -> Callable[[int], np.ndarray]:
    """An endless sequence of batches of similar length: number of the batch → row numbers, shape (size,).

    The rows of every `pool` batches, in the order of `permutations`, are sorted by length, so that little is padded;
    then these batches are put in a random order. A resumed training sees the same ones as an uninterrupted one.
    """
    order, pool = permutations(len(lengths), seed, stream), min(pool, max(1, len(lengths) // size))

    @lru_cache(maxsize=1)
    def batches(number: int) -> np.ndarray:
        rows = order(number * pool * size, (number + 1) * pool * size)
        rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(pool, size)
        return rng(seed, f"sentiment/batches of {stream}", number).permutation(rows)

    return lambda step: batches(step // pool)[step % pool]


def epochs_of(streams: Mapping[str, Stream], settings: SentimentTraining) -> Callable[[int], tf.data.Dataset]:
    """A function: number of an epoch → its batches of each stream, for `network.trained`."""

    def epoch_data(epoch: int) -> tf.data.Dataset:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)

        def examples() -> Iterator[tuple[dict[str, np.ndarray], ...]]:
            for step in steps:
                read = {name: stream(step) for name, stream in streams.items()}
                yield tuple({name: arrays[kind] for name, arrays in read.items()} for kind in (0, 1))

        shapes = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32)
        signature = tuple(dict.fromkeys(streams, shape) for shape in shapes)
        dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    return epoch_data


def quality(logit: np.ndarray, validation: network.Reviews) -> dict[str, float]:
    """The LSTM branch's cross-entropy on validation reviews, in nats; the mean of its accuracies on each source."""
    losses = np.logaddexp(0, np.where(validation.labels == 1, -logit, logit))
    accuracies = pd.Series((logit >= 0) == validation.labels).groupby(validation.source).mean()
    return {"loss": losses[validation.source == 0].mean(), "lstm_accuracy": accuracies.mean()}


if __name__ == "__main__":
    run(main)
