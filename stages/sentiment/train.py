"""train-sentiment: the classifier of film reviews."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from scipy.sparse import csr_matrix

from stages.core import artifacts
from stages.core.command import run
from stages.params import Params, SentimentNetwork
from stages.sentiment import batches, ngrams, vectors
from stages.sentiment import model as network
from stages.sentiment.preprocess import OUTPUT as DATA
from stages.training.checkpoint import Checkpoint
from stages.training.fit import fit, prepare, steps_of
from stages.training.losses import binary_cross_entropy
from stages.training.networks import start_orthogonal
from stages.training.optimizers import warmup_cosine

MODEL = "models/sentiment.keras"
HISTORY = "plots/sentiment/history.csv"


def main(params: Params) -> None:
    sizes, settings = params.sentiment.network, params.sentiment.training
    data = artifacts.read_npz(DATA)
    train, validation = (batches.reviews(data, part, sizes) for part in ("train", "validation"))
    prepare(params.seed)
    evidence = ratios(train, sizes.ngrams)
    model = network.build(sizes, evidence)
    start_orthogonal(model, params.seed)
    network.set_ngrams(model, *fitted(train, evidence, sizes))
    words = model.get_layer("word_vectors")
    words.set_weights([vectors.initial(train.words, train.labels, *words.embeddings.shape, seed=params.seed)])
    branches, lstm = network.branches(model), network.lstm_branch(model)
    lstm.compile(
        optimizer=keras.optimizers.Adam(warmup_cosine(settings.learning_rate, settings.steps)),
        loss=binary_cross_entropy,
        jit_compile=False,
    )
    rows = batches.bucketed(np.array([len(ids) for ids in train.words]), settings.batch, params.seed)

    def epoch_data(epoch: int) -> tf.data.Dataset:
        steps = steps_of(epoch, steps=settings.steps, epochs=settings.epochs)

        def examples() -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
            for step in steps:
                ids = batches.batch(train, rows(step), sizes.pool)["words"]
                yield {"words": ids}, train.labels[rows(step), None].astype(np.float32)

        signature = ({"words": tf.TensorSpec((None, None), tf.int32)}, tf.TensorSpec((None, 1), tf.float32))
        dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)

    checkpoint = Checkpoint(
        "sentiment",
        {"seed": params.seed, "threads": params.threads, "sentiment": params.sentiment},
        inputs=[DATA],
    )
    history = fit(
        lstm,
        epoch_data,
        epochs=settings.epochs,
        validate=lambda _: quality(network.logits(branches, validation, sizes.pool), validation.labels),
        checkpoint=checkpoint,
        monitor="val_accuracy",
        mode="max",
    )
    logits = network.logits(branches, validation, sizes.pool)
    network.weigh(model, network.best_weights(logits, validation.labels))
    artifacts.write_model(MODEL, model)
    artifacts.write_csv(HISTORY, history)
    checkpoint.remove()


def ratios(train: batches.Reviews, most: int) -> np.ndarray:
    """Naive Bayes' log ratios of the network's n-grams, from the training reviews. Shape (at most `most`,)."""
    highest = max(int(ids.max(initial=0)) for ids in train.ngrams)
    return ngrams.log_ratios(_present(train, min(most, highest)), train.labels)


def fitted(train: batches.Reviews, evidence: np.ndarray, network: SentimentNetwork) -> tuple[np.ndarray, float]:
    """The weights of the n-gram branch and its intercept: see `ngrams.fit`; `evidence` is that of `ratios`."""
    present = _present(train, len(evidence))
    return ngrams.fit(present, evidence, train.labels, dropout=network.ngram_dropout, penalty=network.ngram_penalty)


def quality(logits: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, float]:
    """Mean cross-entropy of the LSTM branch in nats, as in training, and the accuracy of the whole and of each branch.

    Args:
        logits: of the validation reviews, by branch.
        labels: of the same reviews.
    """
    loss = np.mean(np.logaddexp(0, np.where(labels == 1, -logits["lstm"], logits["lstm"])))
    accuracies = {f"{name}_accuracy": np.mean((logit >= 0) == labels) for name, logit in logits.items()}
    accuracy = np.mean((network.probability(logits, network.best_weights(logits, labels)) >= 0.5) == labels)
    return {"loss": loss, "accuracy": accuracy, **accuracies}


def _present(train: batches.Reviews, size: int) -> csr_matrix:
    """1 where a review has an n-gram, shape (reviews, size)."""
    numbers = np.concatenate(train.ngrams) - 1
    lengths = np.array([len(ids) for ids in train.ngrams])
    return ngrams.matrix(ngrams.Counts(numbers, np.ones_like(numbers), lengths), size)


if __name__ == "__main__":
    run(main)
