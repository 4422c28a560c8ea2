"""The classifier: one branch with a convolution and an LSTM over the words, one with weighted n-grams."""

import keras
import numpy as np
from keras import layers, ops
from sklearn.linear_model import LogisticRegression

from stages.params import SentimentNetwork
from stages.sentiment.batches import Reviews, batch

BRANCHES = ("lstm", "ngrams")
READ_AT_ONCE = 256


def build(network: SentimentNetwork, ratios: np.ndarray) -> keras.Model:
    """Word ids and n-gram ids of a review → probability that it is positive.

    Two branches, each giving a logit; the network's is their weighted sum. The LSTM branch reads the words in order:
    embedding → convolution over three words → maximum over every `pool` steps → bidirectional LSTM → its maximum and
    its mean over time. The n-gram branch is a logistic regression on Naive Bayes' log ratios (Wang & Manning 2012, ACL,
    p. 91), divided by the square root of their number: it uses which words and phrases a review has, not where.
    Padding is masked in both. The weights of the n-gram branch are set by `set_ngrams` and not trained by gradient
    descent: a solver finds their optimum in seconds.

    Args:
        network: sizes.
        ratios: Naive Bayes' log ratio of each n-gram, shape (n,).

    Returns:
        A model from {"words": (n, length), "ngrams": (n, count)}, ids, to shape (n, 1); `length` is a multiple of
        `network.pool`.
    """
    words = keras.Input((None,), dtype="int32", name="words")
    ngrams = keras.Input((None,), dtype="int32", name="ngrams")
    logits = [_lstm_branch(words, network), _ngram_branch(ngrams, ratios)]
    logits = layers.Concatenate(name="logits")(logits)
    half = keras.initializers.Constant(1 / len(BRANCHES))
    probability = layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer=half, name="sentiment")(logits)
    return keras.Model({"words": words, "ngrams": ngrams}, probability, name="sentiment")


def branches(model: keras.Model) -> keras.Model:
    """The same network, giving the logit of each branch: {"lstm": (n, 1), "ngrams": (n, 1)}."""
    return keras.Model(model.input, {name: model.get_layer(f"{name}_logit").output for name in BRANCHES})


def lstm_branch(model: keras.Model) -> keras.Model:
    """The LSTM branch alone: {"words": (n, length)} → its logit, shape (n, 1).

    It has a loss of its own: trained together with the n-grams, which fit the training reviews almost perfectly, it
    would get hardly any gradient.
    """
    words = model.get_layer("words").output
    return keras.Model({"words": words}, model.get_layer("lstm_logit").output)


def set_ngrams(model: keras.Model, weights: np.ndarray, intercept: float) -> None:
    """Set the result of `ngrams.fit`: a weight for each n-gram, shape (n,), and the intercept of the branch."""
    model.get_layer("ngram_weights").set_weights([_below_padding(weights)])
    model.get_layer("ngrams_logit").set_weights([np.ones((1, 1)), np.array([intercept])])


def logits(model: keras.Model, reviews: Reviews, pool: int) -> dict[str, np.ndarray]:
    """Logits of reviews by `branches(model)`: one array of shape (n,) for each branch."""
    order = np.argsort([len(ids) for ids in reviews.words], kind="stable")  # similar lengths together: less padding
    values = {name: np.empty(len(order), np.float64) for name in BRANCHES}
    for start in range(0, len(order), READ_AT_ONCE):
        rows = order[start : start + READ_AT_ONCE]
        for name, logit in model.predict_on_batch(batch(reviews, rows, pool)).items():
            values[name][rows] = logit[:, 0]
    return values


def probability(logits: dict[str, np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Probability of a positive review from the logits of the branches and the weights of the two. Shape (n,)."""
    return 1 / (1 + np.exp(-_columns(logits) @ weights))


def best_weights(logits: dict[str, np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Weights of the branches: logistic regression on their logits of held-out reviews.

    A few hundred reviews are enough for two numbers. The weights also correct the branches' overconfidence, which does
    not show on the training reviews.

    Args:
        logits: of the validation reviews, from `logits`.
        labels: of the same reviews, 0 or 1.

    Returns:
        A weight for each branch, shape (2,), not negative.
    """
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(_columns(logits), labels)
    return np.maximum(fitted.coef_[0], 0)


def weights(model: keras.Model) -> np.ndarray:
    """The weights of the branches in a network, shape (2,)."""
    return model.get_layer("sentiment").get_weights()[0][:, 0].astype(np.float64)


def weigh(model: keras.Model, weights: np.ndarray) -> None:
    """Set the weights of the branches in a network."""
    model.get_layer("sentiment").set_weights([weights[:, None]])


def trained_on(model: keras.Model, network: SentimentNetwork, ratios: np.ndarray) -> bool:
    """Is a model of these sizes, and of the training reviews that `ratios` (see `build`) were counted in?"""
    weights = model.get_layer("log_ratios").get_weights()[0]
    return (
        model.get_layer("word_vectors").input_dim == network.vocabulary + 2
        and model.get_layer("pooled").pool_size == (network.pool,)
        and weights.shape == (len(ratios) + 1, 1)
        and np.allclose(weights[1:, 0], ratios, atol=1e-5)
    )


def _columns(logits: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([logits[name] for name in BRANCHES], axis=1)


def _lstm_branch(words: keras.KerasTensor, network: SentimentNetwork) -> keras.KerasTensor:
    known = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    x = layers.Embedding(
        network.vocabulary + 2,
        network.embedding,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.05),
        name="word_vectors",
    )(words)
    x = layers.Dropout(network.word_dropout, noise_shape=(None, None, 1), name="word_dropout")(x)
    # Padding is zero before and after the convolution, so that its length does not change the last words.
    x = layers.Conv1D(network.filters, 3, padding="same", activation="relu", name="phrases")(x * known) * known
    x = layers.MaxPooling1D(network.pool, name="pooled")(x)
    known = layers.MaxPooling1D(network.pool, name="known")(known)
    x = layers.Dropout(network.dropout, name="lstm_dropout")(x)
    lstm = layers.LSTM(network.units, return_sequences=True)
    x = layers.Bidirectional(lstm, name="lstm_states")(x, mask=ops.squeeze(known, -1) > 0)
    # An LSTM's output is in (-1, 1), so -1 at padding is never the maximum.
    highest = layers.GlobalMaxPooling1D(name="highest")(x * known - (1 - known))
    mean = ops.sum(x * known, axis=1) / ops.maximum(ops.sum(known, axis=1), 1)
    x = layers.Concatenate(name="states")([highest, mean])
    return layers.Dense(1, name="lstm_logit")(layers.Dropout(network.dropout, name="state_dropout")(x))


def _ngram_branch(ngrams: keras.KerasTensor, ratios: np.ndarray) -> keras.KerasTensor:
    evidence = layers.Embedding(len(ratios) + 1, 1, trainable=False, name="log_ratios")
    # Until they are fitted: the weights of Naive Bayes, which assumes that n-grams are independent.
    weight = layers.Embedding(len(ratios) + 1, 1, "ones", trainable=False, name="ngram_weights")
    x = ops.sum(evidence(ngrams) * weight(ngrams), axis=1)
    many = ops.sum(ops.cast(ops.not_equal(ngrams, 0), "float32"), axis=1, keepdims=True)
    logit = layers.Dense(1, kernel_initializer="ones", trainable=False, name="ngrams_logit")
    many = ops.maximum(many, 1)
    x = logit(x * (ops.sqrt(many) / many))  # TensorFlow makes x / sqrt(many) an `Rsqrt`, which is not exact
    evidence.set_weights([_below_padding(ratios)])
    return x


def _below_padding(values: np.ndarray) -> np.ndarray:
    """Numbers of the n-grams as an embedding, with 0 in the first row, that of padding."""
    return np.concatenate([[0], values]).astype(np.float32)[:, None]
