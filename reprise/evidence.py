"""The words behind a verdict: their positions in the text, and what each adds in the LSTM branch."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from stages.sentiment import model as network
from stages.sentiment.preprocess import APOSTROPHES, LINE_BREAK, TOKEN


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each token of `tokenise(text)` in the text."""
    blank = LINE_BREAK.sub(lambda tag: " " * len(tag[0]), text).translate(APOSTROPHES)
    origin = [place for place, character in enumerate(blank) for _ in character.lower()]  # some become two: İ
    return [(origin[found.start()], origin[found.end() - 1] + 1) for found in TOKEN.finditer(blank.lower())]


def functions(model: keras.Model) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions of word ids and n-gram ids: → the branches' logits; → these, and the LSTM's gradient × input.

    Compiled once for all lengths. The function without the gradient takes about half the time.
    """
    vectors = model.get_layer("word_vectors")
    inputs = [model.get_layer("words").output, vectors.output, model.get_layer("ngrams").output]
    outputs = [model.get_layer(f"{name}_logit").output for name in network.BRANCHES]
    behind = keras.Model(inputs, outputs)  # the part of the network after the word vectors
    ids = tf.TensorSpec((None, None), tf.int32)

    @tf.function(input_signature=[ids, ids])
    def logits(words: tf.Tensor, phrases: tf.Tensor) -> list[tf.Tensor]:
        return behind([words, vectors(words), phrases], training=False)

    @tf.function(input_signature=[ids, ids])
    def explain(words: tf.Tensor, phrases: tf.Tensor) -> list[tf.Tensor]:
        x = vectors(words)
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = behind([words, x, phrases], training=False)
        slopes = tape.gradient(values[network.BRANCHES.index("lstm")], x)
        return [*values, tf.reduce_sum(slopes * x, axis=-1)]

    return logits, explain
