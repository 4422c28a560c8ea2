import keras
import numpy as np
import pytest
import tensorflow as tf

from stages.training.optimizers import adam, muon, warmup_cosine

START = np.arange(12, dtype=np.float32).reshape(4, 3) / 10


def test_the_learning_rate_warms_up_and_falls_to_zero():
    schedule = warmup_cosine(0.01, 1000)
    assert float(schedule(0)) == 0
    assert float(schedule(50)) == pytest.approx(0.01)
    assert float(schedule(1000)) == pytest.approx(0, abs=1e-8)


def test_the_clipped_gradient_of_an_embedding_moves_it_as_adam_does():
    table, plain = keras.Variable(START), keras.Variable(START)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table.value, [0, 1, 3, 3]) ** 2)
    gradient = tape.gradient(loss, table.value)
    assert isinstance(gradient, tf.IndexedSlices)
    adam(0.1, clip=100.0).apply([gradient], [table])
    keras.optimizers.Adam(0.1, beta_2=0.99).apply([tf.convert_to_tensor(gradient)], [plain])
    assert table.numpy() == pytest.approx(plain.numpy(), abs=1e-6)


def moved(optimizer, layer, gradients):
    """How far one step with these gradients moves each weight of a layer."""
    before = [variable.numpy() for variable in layer.trainable_variables]
    optimizer.apply([tf.constant(gradient) for gradient in gradients], layer.trainable_variables)
    return [old - variable.numpy() for old, variable in zip(before, layer.trainable_variables, strict=True)]


def gradients_of(layer):
    """Random gradients of which few directions are far larger than the others."""
    generator = np.random.default_rng(0)
    shapes = [variable.shape for variable in layer.trainable_variables]
    return [
        np.geomspace(1, 0.03, shape[-1], dtype=np.float32) * generator.standard_normal(shape, dtype=np.float32)
        for shape in shapes
    ]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(keras.layers.LSTM(4), (None, 3, 6)), (keras.layers.Conv2D(8, 3), (None, 5, 5, 4))],
    ids=["LSTM", "convolution"],
)
def test_muon_steps_as_far_in_every_direction_with_kernels(layer, shape):
    layer.build(shape)
    gradients = gradients_of(layer)
    *kernels, bias = moved(muon(0.01), layer, gradients)
    for kernel, gradient in zip(kernels, gradients, strict=False):
        matrix = kernel.reshape(-1, kernel.shape[-1])
        lengths = np.linalg.svd(matrix, compute_uv=False) / (0.01 * 0.2 * max(matrix.shape) ** 0.5)
        assert lengths.min() > 0.3 and lengths.max() < 1.3
        spread = np.linalg.svd(gradient.reshape(matrix.shape), compute_uv=False)
        assert lengths.max() / lengths.min() < 0.5 * spread.max() / spread.min()
        assert np.sum(matrix * gradient.reshape(matrix.shape)) > 0  # downhill
    assert bias == pytest.approx(moved(keras.optimizers.Adam(0.01, beta_2=0.99), layer, gradients)[-1], abs=1e-6)


@pytest.mark.parametrize("optimizer", [adam, muon])
def test_clipped_gradients_are_scaled_together(optimizer):
    layer = keras.layers.Dense(5)
    layer.build((None, 3))
    start, gradients = layer.get_weights(), gradients_of(layer)
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))

    def after(clip, scale):
        layer.set_weights(start)
        used = optimizer(0.01, clip=clip)
        for factor in (scale, 1.0):  # Adam's first step does not depend on the scale, its second one does
            steps = moved(used, layer, [np.float32(factor) * gradient for gradient in gradients])
        return steps

    for one, other in zip(after(norm, 9.0), after(1e9, 1.0), strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-7)
    assert any(not np.allclose(a, b, rtol=1e-3) for a, b in zip(after(1e9, 9.0), after(1e9, 1.0), strict=True))
