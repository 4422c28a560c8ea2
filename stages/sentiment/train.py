"""train-sentiment: the classifier of film reviews."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_matrix

from stages.core import artifacts, model_files
from stages.core.command import run
from stages.params import Params, SentimentNetwork
from stages.sentiment import batches, ngrams, thresholds, vectors
from stages.sentiment import model as network
from stages.sentiment.preprocess import NGRAMS, SENTENCES, VOCABULARY
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.sentiment.training_sentences import KINDS
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.layers import binary_cross_entropy, start_orthogonal
from stages.training.optimizers import muon, warmup_cosine

MODEL = "models/sentiment.keras"
HISTORY = "plots/sentiment/history.csv"
# Shares of the kinds of sentences in a batch. Whole reviews are what the LSTM branch is for: with sentences whose label
# is not that of their words it reads reviews worse, and the sentence branch reads those better.
LSTM_MIX = {"natural": 0.5, "brief": 0.2, "plain": 0.3}
SENTENCE_MIX = {
    "natural": 0.15, "brief": 0.15, "plain": 0.12, "negated": 0.13, "doubted": 0.14, "contrasted": 0.11,
    "compared": 0.1, "supposed": 0.1,
}  # fmt: skip


def main(params: Params) -> None:
    sizes, settings = params.sentiment.network, params.sentiment.training
    train, validation = read(DATA, sizes)
    sentences, tuning = read(SENTENCES, sizes)
    prepare(params.seed)
    present = ngrams_in(train)
    evidence = ngrams.log_ratios(present, train.labels)
    model = network.build(sizes, evidence)
    start_orthogonal(model, params.seed)
    network.set_ngrams(model, *fitted(present, evidence, train.labels, sizes))
    del present
    words = model.get_layer("word_vectors")
    words.set_weights([vectors.initial(train.words, train.labels, *words.embeddings.shape, seed=params.seed)])
    branches, trained = network.branches(model), network.trained(model)
    trained.compile(
        optimizer=muon(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=dict.fromkeys(trained.output, binary_cross_entropy),
        jit_compile=False,
    )
    # Makes the variables that hold the mean losses. If the first step made them, it would be traced twice: 4 s.
    nothing = dict.fromkeys(trained.output, np.zeros((1, 1), np.float32))
    trained.compute_loss(y=nothing, y_pred=nothing)

    def validate(_: keras.Model) -> dict[str, float]:
        return quality(*(network.logits(branches, some, sizes.pool) for some in held_out), *labels)

    held_out = (validation, tuning)
    labels = [some.labels for some in held_out]
    checkpoint = Checkpoint(
        "sentiment",
        {"seed": params.seed, "threads": params.threads, "kernels": params.kernels, "sentiment": params.sentiment},
        inputs=[DATA, SENTENCES],
    )
    history = fit(
        trained,
        epochs_of(train, sentences, artifacts.read_npz(SENTENCES)["train_kinds"], params),
        epochs=settings.epochs,
        validate=validate,
        checkpoint=checkpoint,
        monitor="val_mean_accuracy",
    )
    logits = [network.logits(branches, some, sizes.pool) for some in held_out]
    weights = network.best_weights(network.joined(*logits), np.concatenate(labels))
    network.weigh(model, weights)
    table = thresholds.table(validation.labels, network.probability(logits[0], weights))
    model_files.write(MODEL, model, attached(params, table, len(validation.labels)))
    # The sum of the three losses is what was minimised; the validation loss is to be compared with that on reviews.
    artifacts.write_csv(HISTORY, [{**row, "loss": row["reviews_loss"]} for row in history])
    checkpoint.remove()


def attached(params: Params, table: list[dict[str, float]], reviews: int) -> dict[str, Any]:
    """What the model's file carries: see `stages.sentiment.attached`.

    Args:
        params: `seed` and `sentiment.network`.
        table: `thresholds.table` of the validation reviews.
        reviews: how many those are.
    """
    sizes = params.sentiment.network
    return {
        "seed": params.seed,
        "network": sizes.model_dump(),
        "vocabulary": artifacts.read_text(VOCABULARY).splitlines(),
        "ngrams": artifacts.read_npz(NGRAMS)["keys"][: sizes.ngrams],
        "thresholds": table,
        "validation_reviews": reviews,
    }


def epochs_of(
    train: batches.Reviews, sentences: batches.Reviews, kinds: np.ndarray, params: Params
) -> Callable[[int], tf.data.Dataset]:
    """A function: number of an epoch → its batches of reviews and sentences, for `network.trained`.

    Args:
        train: the training reviews.
        sentences: for training.
        kinds: of the sentences, numbers in `KINDS`, shape (n,).
        params: `seed` and `sentiment`.
    """
    settings, pool = params.sentiment.training, params.sentiment.network.pool
    reviews = batches.bucketed(np.array([len(ids) for ids in train.words]), settings.batch, params.seed)
    shares = [{KINDS.index(kind): share for kind, share in mix.items()} for mix in (LSTM_MIX, SENTENCE_MIX)]
    some, short = (
        batches.mixed(kinds, mix, size, [params.seed, stream])
        for stream, (mix, size) in enumerate(zip(shares, (settings.sentences, settings.short), strict=True))
    )
    # Name of the input, name of the output, texts, which of them in a step, multiple to pad to.
    sources = (
        ("words", "reviews", train, reviews, 8 * pool),
        ("sentences", "sentences", sentences, some, 2 * pool),
        ("short", "short", sentences, short, 8),
    )

    def epoch_data(epoch: int) -> tf.data.Dataset:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)

        def examples() -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
            for step in steps:
                ids, labels = {}, {}
                for name, output, texts, rows, multiple in sources:
                    ids[name] = batches.padded([texts.words[row] for row in rows(step)], multiple)
                    labels[output] = texts.labels[rows(step), None].astype(np.float32)
                yield ids, labels

        signature = (
            {name: tf.TensorSpec((None, None), tf.int32) for name, *_ in sources},
            {output: tf.TensorSpec((None, 1), tf.float32) for _, output, *_ in sources},
        )
        dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    return epoch_data


def read(path: str, sizes: SentimentNetwork) -> tuple[batches.Reviews, batches.Reviews]:
    """The training and the validation part of a file of `preprocess`."""
    data = artifacts.read_npz(path)
    return batches.reviews(data, "train", sizes), batches.reviews(data, "validation", sizes)


def ngrams_in(train: batches.Reviews) -> csr_matrix:
    """1 where a training review has an n-gram of the network, shape (reviews, n-grams)."""
    numbers = np.concatenate(train.ngrams) - 1
    lengths = np.array([len(ids) for ids in train.ngrams])
    return ngrams.matrix(ngrams.Counts(numbers, np.ones_like(numbers), lengths), int(numbers.max(initial=-1)) + 1)


def fitted(
    present: csr_matrix, evidence: np.ndarray, labels: np.ndarray, network: SentimentNetwork
) -> tuple[np.ndarray, float]:
    """The weights of the n-gram branch and its intercept: see `ngrams.fit`."""
    return ngrams.fit(present, evidence, labels, dropout=network.ngram_dropout, penalty=network.ngram_penalty)


def quality(
    reviews: dict[str, np.ndarray],
    sentences: dict[str, np.ndarray],
    labels: np.ndarray,
    sentence_labels: np.ndarray,
) -> dict[str, float]:
    """The LSTM branch's mean cross-entropy on reviews in nats, and accuracies of the whole and of each branch.

    The last is the mean of the whole's accuracies on reviews and on sentences.

    Args:
        reviews: logits of the validation reviews, by branch.
        sentences: of the validation sentences.
        labels: of the reviews.
        sentence_labels: of the sentences.
    """
    loss = np.mean(np.logaddexp(0, np.where(labels == 1, -reviews["lstm"], reviews["lstm"])))
    found = {f"{name}_accuracy": np.mean((reviews[name] >= 0) == labels) for name in network.BRANCHES}
    weights = network.best_weights(network.joined(reviews, sentences), np.concatenate([labels, sentence_labels]))
    for name, logits, actual in (("", reviews, labels), ("sentences_", sentences, sentence_labels)):
        found[f"{name}accuracy"] = np.mean((network.probability(logits, weights) >= 0.5) == actual)
    return {"loss": loss, **found, "mean_accuracy": (found["accuracy"] + found["sentences_accuracy"]) / 2}


if __name__ == "__main__":
    run(main)
