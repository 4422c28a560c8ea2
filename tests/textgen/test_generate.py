import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.textgen import model as network
from stages.textgen.characters import entropy, tempered
from stages.textgen.generate import copies, distinct, known_words, stream, suitable_prompt, words

VOCABULARY = 9
PROMPT = np.array([3, 1, 4, 1, 5])
LOGITS = st.lists(st.floats(-50, 50, width=32), min_size=VOCABULARY, max_size=VOCABULARY)


def untrained(vocabulary, embedding, units):
    shape = network.Shape(vocabulary, embedding, [units])
    return network.TextModel(network.build(shape), shape, "", 0)


def generate(model, prompt, temperatures, *, length, seed, samples=1):
    """Ids of texts sampled from the same prompt, shape (temperatures, samples, length)."""
    steps = itertools.islice(stream(model, prompt, temperatures, seed=seed, samples=samples), length)
    return np.stack([ids for ids, _ in steps], axis=-1).reshape(len(temperatures), samples, length)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return untrained(VOCABULARY, 4, 8)


@given(LOGITS, st.floats(1e-300, 100))
def test_any_temperature_gives_a_distribution_without_the_unknown(logits, temperature):
    likelihoods = tempered(np.array([logits]), np.array([temperature]))
    assert np.exp(likelihoods).sum() == pytest.approx(1)
    assert np.exp(likelihoods[0, 0]) == 0
    assert not np.isnan(entropy(likelihoods)).any()


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1e-300, [0, 0, 1, 0]),  # the likeliest
        (1.0, [0, *np.exp([1, 3, 2]) / np.exp([1, 3, 2]).sum()]),  # the model's own distribution
    ],
)
def test_temperature(temperature, expected):
    likelihoods = tempered(np.array([[9.0, 1, 3, 2]]), np.array([temperature]))
    assert np.exp(likelihoods)[0] == pytest.approx(expected)
    some = np.array([p for p in expected if p])
    assert entropy(likelihoods) == pytest.approx(-np.sum(some * np.log(some)))


def test_coldest_text_equals_argmax_over_a_re_read_context(model):
    ids = generate(model, PROMPT, [1e-6], length=25, seed=1)
    context = list(PROMPT)
    for _ in range(25):
        logits = model.network.predict_on_batch(np.array([context]))[0, -1]
        context.append(1 + int(logits[1:].argmax()))
    assert ids[0, 0].tolist() == context[len(PROMPT) :]


def test_a_text_does_not_depend_on_those_beside_it(model):
    together = generate(model, PROMPT, [0.5, 1.0, 2.0], length=30, seed=7, samples=3)
    for number, temperature in enumerate([0.5, 1.0, 2.0]):
        alone = generate(model, PROMPT, [temperature], length=30, seed=7, samples=3)
        assert np.array_equal(alone[0], together[number])


def test_drawn_as_often_as_likely():
    flat = untrained(4, 2, 2)
    logits = np.log([0.001, 0.2, 0.3, 0.5], dtype=np.float32)
    flat.network.layers[-1].set_weights([np.zeros((2, 4), np.float32), logits])
    ids = generate(flat, np.array([1]), [1.0], length=200, seed=0, samples=32)
    shares = np.bincount(ids.ravel(), minlength=4) / ids.size
    assert shares == pytest.approx([0, 0.2, 0.3, 0.5], abs=0.025)


def test_words_of_a_sample():
    assert words("O, that's HE:\n'Tis so--ay") == ["o", "that's", "he", "tis", "so", "ay"]
    assert words("नमस्ते l'e\u0301te\u0301 \u0301") == ["नमस्ते", "l'e\u0301te\u0301"]
    assert known_words("To be or glorp", {"to", "be", "or"}) == 0.75
    assert known_words("...", set()) == 1
    assert [distinct("a b a b", n) for n in (1, 2)] == pytest.approx([0.5, 2 / 3])
    assert distinct("a", 2) == 1


@settings(max_examples=200)
@given(st.text("ab\n", max_size=60), st.lists(st.text("abc", max_size=40), min_size=1, max_size=3))
def test_the_longest_copy_and_the_copied_share_are_found(source, texts):
    length, copied = 9, 0
    pieces = {text[start:stop] for text in texts for start in range(len(text)) for stop in range(start, len(text) + 1)}
    for text in texts:
        starts = [at for at in range(len(text) - length + 1) if text[at : at + length] in source]
        copied += len({place for at in starts for place in range(at, at + length)})
    (passage, share), other = copies([texts, ["d"]], source, length)
    assert other == ("", 0.0)  # each group has its own copies
    assert passage in source
    assert len(passage) == max((len(piece) for piece in pieces if piece in source), default=0)
    assert share == pytest.approx(copied / max(1, sum(map(len, texts))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("\n\nЖили-были старик\nу моря", "Жили-были старик\n"), ("O Romeo", "ROMEO:\n"), ("好" * 5000, "好" * 100)],
)
def test_a_prompt_that_does_not_suit_the_text_gives_way(text, expected):
    assert suitable_prompt("ROMEO:\n", text, text) == expected
    assert suitable_prompt("Cafe\u0301", "Im Café", "Tee") == "Café"


def test_texts_agree_no_more_often_than_chance():
    """Neither other prompts, temperatures and samples nor the same number of another seed lead to the same text."""
    flat = untrained(9, 2, 2)  # its weights are small: nearly the same distribution everywhere
    texts = [generate(flat, np.array(prompt), [0.9, 1.0], length=400, seed=7, samples=2) for prompt in ([1], [2, 3])]
    texts.append(generate(flat, np.array([1]), [0.9, 1.0], length=400, seed=8, samples=2))
    rows = np.concatenate([text.reshape(4, 400) for text in texts])
    agreeing = [np.mean(one == other) for number, one in enumerate(rows) for other in rows[:number]]
    assert max(agreeing) < 1 / 8 + 5 * np.sqrt(1 / 8 * 7 / 8 / 400)
    again = generate(flat, np.array([1]), [1.0], length=400, seed=7)
    assert np.array_equal(again[0, 0], rows[2])
