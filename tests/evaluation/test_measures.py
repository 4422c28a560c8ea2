import numpy as np
import pytest

from stages.evaluation import measures


def test_the_interval_of_a_normal_mean():
    values = np.random.default_rng(2).normal(5, 2, size=400)
    low, high = measures.interval(values, seed=7)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.03)
    assert high == pytest.approx(values.mean() + half, abs=0.03)
    assert measures.interval(values, seed=7) == [low, high]


def test_layers_are_those_with_weights_and_the_inputs():
    import keras

    image = keras.Input((4, 4), name="image")
    x = keras.layers.Dense(3, name="code")(keras.layers.Flatten()(image))
    rows = measures.layers(keras.Model(image, keras.layers.ReLU()(x)))
    assert rows == [
        {"layer": "image", "kind": "Input", "output": "4 × 4", "values": 16, "parameters": 0},
        {"layer": "code", "kind": "Dense", "output": "3", "values": 3, "parameters": 51},
    ]
    text = keras.Input((None,), dtype="int32", name="text")
    rows = measures.layers(
        keras.Model(text, keras.layers.LSTM(5, return_sequences=True)(keras.layers.Embedding(9, 2)(text)))
    )
    assert [row["output"] for row in rows] == ["n", "n × 2", "n × 5"]
    assert [row["values"] for row in rows] == [1, 2, 5]
    assert sum(row["parameters"] for row in rows) == 18 + 160


def test_the_interval_of_a_share_does_not_collapse():
    # Wilson's bounds for 10 of 10: 1 / (1 + z² / n)
    low, high = measures.share_interval(np.ones(10, bool))
    assert (low, high) == (pytest.approx(1 / (1 + 1.959964**2 / 10)), 1)
