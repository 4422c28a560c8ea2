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
LONGEST = 4  # epochs, when the goal is not reached in two


def build() -> keras.Model:
    """Word ids, shape (n, length) → probability of a positive review, shape (n, 1)."""
    words = keras.Input((None,), dtype="int32")
    x = layers.Embedding(WORDS, WIDTH)(words)
    x = layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(UNITS))(x)
    return keras.Model(words, layers.Dense(1, activation="sigmoid")(x))


def accuracy(model: keras.Model, data: dict[str, np.ndarray], part: str) -> float:
    """Share of the reviews of a part that are classified correctly."""
    positive = model.predict(data[f"{part}_words"], batch_size=256, verbose=0)[:, 0] >= 0.5
    return float(np.mean(positive == data[f"{part}_labels"]))


def main(data: str, threads: int, goal: float, every: int) -> None:
    """Train, validate every so many batches with the clock stopped, print the figures as JSON."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    arrays = dict(np.load(data))
    keras.utils.set_random_seed(7)
    clock = time.perf_counter()
    model = build()
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    seconds = time.perf_counter() - clock
    figures = {}
    for epoch in range(LONGEST):
        order = np.random.default_rng(epoch).permutation(len(arrays["train_labels"]))
        for start in range(0, len(order), every * BATCH):
            rows = order[start : start + every * BATCH]
            clock = time.perf_counter()
            # Batch by batch: at its end each `fit` waits for a thread of TensorFlow's, which is not part of the recipe.
            for batch in np.split(rows, range(BATCH, len(rows), BATCH)):
                model.train_on_batch(arrays["train_words"][batch], arrays["train_labels"][batch])
            seconds += time.perf_counter() - clock
            measured = accuracy(model, arrays, "validation")
            print(f"keras.io: epoch {epoch + 1}, {seconds:.1f} s, validation accuracy {measured:.4f}", flush=True)
            if measured >= goal:
                figures.setdefault("goal_seconds", seconds)
                if epoch >= EPOCHS:
                    break
        if epoch + 1 == EPOCHS:
            figures |= {"accuracy": accuracy(model, arrays, "test"), "seconds": seconds}
        if epoch + 1 >= EPOCHS and "goal_seconds" in figures:
            break
    print(json.dumps({"goal_seconds": None, **figures}))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
