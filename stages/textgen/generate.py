"""Sampling text from a model, one character at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from stages.textgen import model as network
from stages.textgen.characters import sample


def stream(
    model: network.TextModel, prompt: np.ndarray, temperatures: Sequence[float], *, seed: int, samples: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`characters.sample` from a text model, which reads the prompt once, then only each last character."""
    reader = network.reader(model.network, model.shape, len(temperatures) * samples)
    return sample(lambda ids: reader.predict_on_batch(ids)[:, -1], prompt, temperatures, seed=seed, samples=samples)


def generate(
    model: network.TextModel,
    prompt: np.ndarray,
    temperatures: Sequence[float],
    *,
    length: int,
    seed: int,
    samples: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Sample texts of `length` characters from the same prompt: other arguments as for `stream`.

    Returns:
        Ids, shape (temperatures, samples, length), and the entropy in nats of the distribution that each was drawn
        from, same shape.
    """
    shape = (len(temperatures), samples, length)
    ids, entropies = np.zeros((shape[0] * samples, length), np.int32), np.zeros((shape[0] * samples, length))
    steps = stream(model, prompt, temperatures, seed=seed, samples=samples)
    for place, (characters, uncertainty) in zip(range(length), steps, strict=False):
        ids[:, place], entropies[:, place] = characters, uncertainty
    return ids.reshape(shape), entropies.reshape(shape)
