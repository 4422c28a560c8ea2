"""The bidirectional LSTM of keras.io's example "Bidirectional LSTM on IMDB", rebuilt from its description.

20,000 words, the last 200 of a review with padding in front (what the example's pad_sequences does), embedding 128, two
bidirectional LSTMs of 64, Adam at its default, batches of 32, two epochs. Imports nothing of `stages`.
"""

import json
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

WORDS, WIDTH, UNITS, BATCH, EPOCHS = 20_000, 128, 64, 32, 2


def build() -> keras.Model:
    """Word ids, shape (n, length) → probability of a positive review, shape (n, 1)."""
    words = keras.Input((None,), dtype="int32")
    x = layers.Embedding(WORDS, WIDTH)(words)
    x = layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(UNITS))(x)
    return keras.Model(words, layers.Dense(1, activation="sigmoid")(x))


def main(data: str, threads: int) -> None:
    """Train; print the accuracy on test reviews and the seconds of training as JSON."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    arrays = dict(np.load(data))
    keras.utils.set_random_seed(7)
    started = time.perf_counter()
    model = build()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    for epoch in range(EPOCHS):
        order = np.random.default_rng(epoch).permutation(len(arrays["train_labels"]))
        # Batch by batch: at its end each `fit` waits for a thread of TensorFlow's, which is not part of the recipe.
        for rows in np.split(order, range(BATCH, len(order), BATCH)):
            model.train_on_batch(arrays["train_words"][rows], arrays["train_labels"][rows])
        print(f"keras.io: epoch {epoch + 1}, {time.perf_counter() - started:.1f} s", flush=True)
    seconds = time.perf_counter() - started
    positive = model.predict(arrays["test_words"], batch_size=256, verbose=0)[:, 0] >= 0.5
    print(json.dumps({"accuracy": float(np.mean(positive == arrays["test_labels"])), "seconds": seconds}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
