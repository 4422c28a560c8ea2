"""The words behind a verdict: what each adds in the branches that read words in order."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from stages.sentiment import model as network


def functions(model: keras.Model) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions of word ids and n-gram ids: → the branches' logits and the shortness; → these, and the evidence.

    The evidence, shape (n, length), is gradient × input, by the word vectors, of what the branches that read words in
    order add to the log odds. Compiled once for all lengths. The function without the gradient takes about half the
    time.
    """
    vectors, weights = model.get_layer("word_vectors"), model.get_layer("sentiment").kernel
    inputs = [model.get_layer("words").output, vectors.output, model.get_layer("ngrams").output]
    outputs = [model.get_layer(f"{name}_logit").output for name in network.BRANCHES]
    behind = keras.Model(inputs, [*outputs, model.get_layer(network.SHORTNESS).output])  # all after the word vectors
    ids = tf.TensorSpec((None, None), tf.int32)

    @tf.function(input_signature=[ids, ids])
    def logits(words: tf.Tensor, phrases: tf.Tensor) -> list[tf.Tensor]:
        return behind([words, vectors(words), phrases], training=False)

    @tf.function(input_signature=[ids, ids])
    def explain(words: tf.Tensor, phrases: tf.Tensor) -> list[tf.Tensor]:
        x = vectors(words)
        with tf.GradientTape() as tape:
            tape.watch(x)
            *values, short = behind([words, x, phrases], training=False)
            long_weights, short_weights = tf.split(tf.reshape(weights, (1, -1)), 2, axis=1)
            shares = (1 - short) * long_weights + short * short_weights
            ordered = [at for at, name in enumerate(network.BRANCHES) if name != "ngrams"]
            added = tf.add_n([shares[:, at : at + 1] * values[at] for at in ordered])
        return [*values, short, tf.reduce_sum(tape.gradient(added, x) * x, axis=-1)]

    return logits, explain
