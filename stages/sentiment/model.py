"""The classifier: an LSTM over the words and weighted n-grams, whose logits are added."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from pydantic import FailFast, Field
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from stages.core import model_files
from stages.params import Number, SentimentNetwork, Whole
from stages.sentiment import encoding

BRANCHES = ("lstm", "ngrams")
READ_AT_ONCE = 256


class Carried(model_files.Carried):
    """What the file of a classifier carries: sizes, words, the keys of its n-grams, validation at each threshold."""

    names, what = ("sentiment",), "a classifier of reviews"

    network: SentimentNetwork
    vocabulary: Annotated[list[str], FailFast()]
    ngrams: np.ndarray
    thresholds: Annotated[list[dict[str, Number]], FailFast(), Field(min_length=1)]
    validation_reviews: Annotated[Whole, Field(ge=1)]


class Reviews(NamedTuple):
    """One part of the data: word ids and n-gram ids, an array per review; labels and source numbers, shape (n,)."""

    words: list[np.ndarray]
    ngrams: list[np.ndarray]
    labels: np.ndarray
    source: np.ndarray


def reviews(data: Mapping[str, np.ndarray], part: str, network: SentimentNetwork) -> Reviews:
    """One part of the preprocessed data, without rarer words and n-grams. N-gram ids start at 1: 0 is padding."""
    words = encoding.per_review(data[f"{part}_words"], data[f"{part}_word_lengths"])
    numbers = encoding.per_review(data[f"{part}_ngrams"], data[f"{part}_ngram_lengths"])
    return Reviews(
        [encoding.read(ids, network.vocabulary, network.length, network.head) for ids in words],
        [ids[ids < network.ngrams] + 1 for ids in numbers],
        data[f"{part}_labels"],
        data[f"{part}_source"],
    )


def build(network: SentimentNetwork, known: int) -> keras.Model:
    """Word ids and n-gram ids of a review → probability that it is positive.

    Two branches, each giving a logit. The LSTM branch reads the words in order: embedding → convolution over three
    words → maximum over every `pool` steps → bidirectional LSTM → its maximum and its mean over time. The n-gram branch
    is a logistic regression (`ngrams.fit`): it uses which of `known` words and phrases a review has, not where, with
    other weights in short texts. The network's logit is the weighted sum of the two, with other weights in sentences
    and in clauses of very few words. Padding is masked in both.

    From ids {"words": (n, length), "ngrams": (n, count)} to shape (n, 1); `length` is a multiple of `network.pool`.
    """
    words = keras.Input((None,), dtype="int32", name="words")
    ngrams = keras.Input((None,), dtype="int32", name="ngrams")
    length = ops.sum(ops.cast(ops.not_equal(words, 0), "float32"), axis=1, keepdims=True)
    sentence = _shortness(length, network.sentence_scale, "sentence_shortness")
    clause = _shortness(length, network.clause_scale, "clause_shortness")
    logits = [_lstm_branch(words, network), _ngram_branch(ngrams, known, sentence)]
    logits = layers.Concatenate(name="logits")(logits)
    logits = layers.Concatenate(name="logits_by_length")([logits, logits * sentence, logits * clause])
    start = keras.initializers.Constant([[1.0], [1.0], [0.0], [0.0], [0.0], [0.0]])
    probability = layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer=start, name="sentiment")(logits)
    return keras.Model({"words": words, "ngrams": ngrams}, probability, name="sentiment")


def branches(model: keras.Model) -> keras.Model:
    """The network without its last layer: each branch's logit, and these times both shortnesses: (n, 3 × branches)."""
    return keras.Model(model.input, model.get_layer("logits_by_length").output)


def trained(model: keras.Model, streams: tuple[str, ...]) -> keras.Model:
    """The part that gradient descent trains: the LSTM branch, from word ids to logits of several streams by name.

    It has a loss of its own: trained together with the n-grams, which fit the training reviews almost perfectly, it
    would get hardly any gradient.
    """
    lstm = keras.Model(model.get_layer("words").output, model.get_layer("lstm_logit").output)
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in streams}
    return keras.Model(inputs, {name: lstm(words) for name, words in inputs.items()})


def set_ngrams(model: keras.Model, weights: np.ndarray, intercepts: np.ndarray) -> None:
    """Set weights of n-grams, shape (n, 2), and intercepts, shape (2,): of long texts; what is added in short ones."""
    model.get_layer("ngram_weights").set_weights([np.concatenate([np.zeros((1, 2)), weights])])  # 0 is padding
    model.get_layer("ngram_evidence").set_weights([np.eye(2), intercepts])


def logits(model: keras.Model, reviews: Reviews, pool: int) -> np.ndarray:
    """The result of `branches(model)` for reviews, in float64."""
    order = np.argsort([len(ids) for ids in reviews.words], kind="stable")  # similar lengths together: less padding
    values = np.empty((len(order), 3 * len(BRANCHES)))
    for start in range(0, len(order), READ_AT_ONCE):
        rows = order[start : start + READ_AT_ONCE]
        inputs = encoding.batch([reviews.words[row] for row in rows], [reviews.ngrams[row] for row in rows], pool)
        values[rows] = model.predict_on_batch(inputs)
    return values


def probabilities(logits: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Of a positive review, shape (n,): of the network and of each branch alone, from `logits` and `weights`."""
    found = {"network": expit(logits @ weights.ravel())}
    return found | {name: expit(logits[:, number]) for number, name in enumerate(BRANCHES)}


def best_weights(logits: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weights of the branches: logistic regression on the `logits` of validation texts, each counted `counts` times.

    Neither branch was trained on these, so the weights also correct overconfidence that does not show on training
    reviews. Shape (3, branches): the weights for a long review, what is added to them for a sentence, and what is added
    to both for a clause of very few words. In between, what is added falls with the length. No weight is negative.
    """
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(logits, labels, counts)
    sums = np.maximum(np.cumsum(fitted.coef_[0].reshape(-1, len(BRANCHES)), axis=0), 0)
    return np.diff(sums, axis=0, prepend=0)


def weights(model: keras.Model) -> np.ndarray:
    """The weights of the branches in a network, shape (3, branches): see `best_weights`."""
    return model.get_layer("sentiment").get_weights()[0].reshape(-1, len(BRANCHES)).astype(np.float64)


def _lstm_branch(words: keras.KerasTensor, network: SentimentNetwork) -> keras.KerasTensor:
    x = layers.Embedding(
        network.vocabulary + 2,
        network.embedding,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
        name="word_vectors",
    )(words)
    known = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    x = layers.Dropout(network.word_dropout, noise_shape=(None, None, 1), name="word_dropout")(x)
    # Padding is zero before and after the convolution, so that its length does not change the last words.
    x = layers.Conv1D(network.filters, 3, padding="same", activation="relu", name="phrases")(x * known) * known
    x = layers.MaxPooling1D(network.pool, name="pooled")(x)
    known = layers.MaxPooling1D(network.pool, name="known")(known)
    x = layers.Dropout(network.dropout, name="lstm_dropout")(x)
    states = layers.LSTM(network.units, return_sequences=True)
    x = layers.Bidirectional(states, name="lstm_states")(x, mask=ops.squeeze(known, -1) > 0)
    # An LSTM's output is in (-1, 1), so -1 at padding is never the maximum.
    highest = layers.GlobalMaxPooling1D(name="lstm_highest")(x * known - (1 - known))
    mean = ops.sum(x * known, axis=1) / ops.maximum(ops.sum(known, axis=1), 1)
    x = layers.Concatenate(name="lstm_summary")([highest, mean])
    return layers.Dense(1, name="lstm_logit")(layers.Dropout(network.dropout, name="state_dropout")(x))


def _ngram_branch(ngrams: keras.KerasTensor, known: int, short: keras.KerasTensor) -> keras.KerasTensor:
    x = ops.sum(layers.Embedding(known + 1, 2, "zeros", trainable=False, name="ngram_weights")(ngrams), axis=1)
    many = ops.maximum(ops.sum(ops.cast(ops.not_equal(ngrams, 0), "float32"), axis=1, keepdims=True), 1)
    x = x * (ops.sqrt(many) / many)  # TensorFlow makes x / sqrt(many) an `Rsqrt`, which is not exact
    x = layers.Dense(2, kernel_initializer="zeros", trainable=False, name="ngram_evidence")(x)
    return layers.Add(name="ngrams_logit")([x[:, :1], x[:, 1:] * short])


def _shortness(length: keras.KerasTensor, scale: float, name: str) -> keras.KerasTensor:
    """Near 1 for far fewer words than `scale`, near 0 for far more."""
    # Products alone: TensorFlow puts unary operations one after the other into one of its own.
    return layers.Activation("exponential", name=name)(length * (-1 / scale**2) * length)
