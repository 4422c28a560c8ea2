"""Text as numbers and back, and the choice of each next character. Needs numpy alone: exported models carry a copy."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

UNKNOWN = "\ufffd"  # what a character that training text lacks is shown as; its id is 0


def vocabulary_of(text: str) -> str:
    """The characters a network knows: those of the training text, sorted, after the one that stands for all others."""
    return UNKNOWN + "".join(sorted(set(text) - {UNKNOWN}))


def encode(text: str, vocabulary: str) -> np.ndarray:
    """Text as character ids, int32, shape (n,); 0 for characters outside the vocabulary."""
    codes = codes_of(text)
    known = codes_of(vocabulary[1:])
    if not len(known):
        return np.zeros(len(codes), np.int32)
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[place] == codes, place + 1, 0).astype(np.int32)


def decode(ids: np.ndarray, vocabulary: str) -> str:
    """Character ids, shape (n,), as text."""
    return "".join(vocabulary[number] for number in ids)


def codes_of(text: str) -> np.ndarray:
    """Unicode code points, uint32, shape (n,)."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def sample(
    read: Callable[[np.ndarray], np.ndarray],
    prompt: np.ndarray,
    temperatures: Sequence[float],
    *,
    seed: int,
    samples: int = 1,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sample texts from the same prompt without end, one character of each at a time.

    A draw from a softmax is the maximum of the logits with Gumbel noise added: Maddison et al. 2014, "A* Sampling",
    NeurIPS, section 2.

    `read` gives, for the next ids of each text, shape (texts, m), the logits of what follows them, shape (texts,
    vocabulary). At each temperature there are so many `samples`; `prompt` are one or more ids, shape (m,).

    Yields:
        The next id of each text, shape (temperatures × samples,), and the entropy in nats of the distribution that it
        was drawn from, same shape.
    """
    every = np.repeat(np.asarray(temperatures, np.float64), samples)
    rngs = [random_numbers(seed, each, prompt, place % samples) for place, each in enumerate(every)]
    logits = read(np.tile(prompt.astype(np.int32), (len(rngs), 1)))
    while True:
        likelihoods = tempered(logits, every)
        noise = np.stack([rng.gumbel(size=logits.shape[-1]) for rng in rngs])
        ids = (likelihoods + noise).argmax(axis=-1).astype(np.int32)
        yield ids, entropy(likelihoods)
        logits = read(ids[:, None])


def random_numbers(seed: int, temperature: float, prompt: np.ndarray, number: int) -> np.random.Generator:
    """The random numbers of a text: they depend on all of these, on no other text, and are those of no other text.

    With the same numbers two texts would choose the same characters wherever their distributions are alike, and once
    they have read the same few characters they would go on alike.
    """
    name = f"{seed} {float(temperature)} {number} ".encode() + prompt.astype("<i4").tobytes()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name).digest(), "little"))


def tempered(logits: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Log-probabilities of the softmax of logits divided by a temperature; the id of unknown characters has none.

    All is computed on logits, so no logarithm of 0 is taken, however low the temperature: towards 0 all but the
    greatest go to minus infinity. From (n, vocabulary), and temperatures above 0, (n,), to float64, (n, vocabulary).
    """
    logits = logits.astype(np.float64)
    logits[:, 0] = -np.inf
    with np.errstate(over="ignore"):
        scaled = (logits - logits.max(axis=-1, keepdims=True)) / np.asarray(temperature)[:, None]
    return log_softmax(scaled)


def entropy(likelihoods: np.ndarray) -> np.ndarray:
    """Entropy in nats of distributions given as log-probabilities, shape (n, vocabulary) → (n,)."""
    probabilities = np.exp(likelihoods)
    return -np.sum(probabilities * np.where(probabilities > 0, likelihoods, 0), axis=-1)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities along the last axis; the greatest logit is subtracted first, so that none overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
