"""train-sentiment: the classifier of reviews."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from stages import artifacts, run, training
from stages.params import Params
from stages.sentiment import batches, ngrams
from stages.sentiment import model as network
from stages.sentiment.preprocess import OUTPUT as DATA

MODEL = "models/sentiment.keras"
HISTORY = "plots/sentiment/history.csv"


def main(params: Params) -> None:
    sizes, settings = params.sentiment.network, params.sentiment.training
    data = artifacts.read_npz(DATA)
    train, validation = (batches.reviews(data, part, sizes) for part in ("train", "validation"))
    training.prepare(params.seed)
    model = network.build(sizes, ratios(train, sizes.ngrams))
    training.start_orthogonal(model, params.seed)
    branches = network.branches(model)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    branches.compile(
        optimizer=keras.optimizers.Adam(training.warmup_cosine(settings.learning_rate, settings.steps)),
        loss=dict.fromkeys(network.BRANCHES, loss),
        loss_weights=dict.fromkeys(network.BRANCHES, 1 / len(network.BRANCHES)),
        jit_compile=False,
    )
    rows = batches.bucketed(np.array([len(ids) for ids in train.words]), settings.batch, params.seed)

    def epoch_data(epoch: int) -> dict[str, tf.data.Dataset]:
        steps = training.steps_of(epoch, steps=settings.steps, epochs=settings.epochs)

        def examples() -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
            for step in steps:
                labels = train.labels[rows(step), None].astype(np.float32)
                yield batches.batch(train, rows(step), sizes.pool), dict.fromkeys(network.BRANCHES, labels)

        ids, label = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32)
        signature = ({"words": ids, "ngrams": ids}, dict.fromkeys(network.BRANCHES, label))
        dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
        return {"x": dataset.apply(tf.data.experimental.assert_cardinality(len(steps))).prefetch(2)}

    checkpoint = training.Checkpoint(
        "sentiment",
        {"seed": params.seed, "threads": params.threads, "sentiment": params.sentiment},
        inputs=[DATA],
    )
    history = training.fit(
        branches,
        epoch_data,
        epochs=settings.epochs,
        validate=lambda branches: quality(network.logits(branches, validation, sizes.pool), validation.labels),
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
    """Naive Bayes' log ratios of the n-grams the network reads, from the training reviews. Shape (at most `most`,)."""
    size = min(most, max(int(ids.max(initial=0)) for ids in train.ngrams))
    lengths = np.array([len(ids) for ids in train.ngrams])
    numbers = np.concatenate(train.ngrams) - 1
    present = ngrams.matrix(ngrams.Counts(numbers, np.ones_like(numbers), lengths), size)
    return ngrams.log_ratios(present, train.labels)


def quality(logits: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, float]:
    """Mean cross-entropy of the branches in nats, as in training, and the accuracy of the whole and of each.

    Args:
        logits: of the validation reviews, by branch.
        labels: of the same reviews.
    """
    losses = [np.mean(np.logaddexp(0, np.where(labels == 1, -logit, logit))) for logit in logits.values()]
    accuracies = {f"{name}_accuracy": np.mean((logit >= 0) == labels) for name, logit in logits.items()}
    accuracy = np.mean((network.probability(logits, network.best_weights(logits, labels)) >= 0.5) == labels)
    return {"loss": float(np.mean(losses)), "accuracy": accuracy, **accuracies}


if __name__ == "__main__":
    run(main)
