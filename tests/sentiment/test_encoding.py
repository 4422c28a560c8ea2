import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.sentiment import encoding


def test_tokens():
    text = "It’s GREAT!<br /><br />Don't (ever) miss it?! 9/10, café_noir – 2nd."
    expected = ["it's", "great", "!", "don't", "ever", "miss", "it", "?", "!", "9/10", "café", "noir", "2nd"]
    assert encoding.tokenise(text) == expected
    assert encoding.tokenise("फ़िल्म अच्छी है") == ["फ़िल्म", "अच्छी", "है"]  # letters keep their marks


@given(st.text(st.sampled_from("aİß’`'<br />7/10 !?é_\u0301ſ")))
def test_spans_are_where_the_tokens_stand(text: str):
    found = [text[start:stop].translate(encoding.APOSTROPHES).lower() for start, stop in encoding.spans(text)]
    assert found == encoding.tokenise(text)


@given(st.integers(0, 30), st.integers(1, 20), st.floats(0, 1))
def test_cut_keeps_the_beginning_and_the_end(size: int, length: int, head: float):
    ids = np.arange(1, size + 1)
    first = round(length * head)
    kept = encoding.read(ids, 30, length, head)
    assert len(kept) == min(size, length)
    if size > length:
        assert list(kept) == [*ids[:first], *ids[size - (length - first) :]]


@given(st.lists(st.lists(st.integers(1, 9), max_size=12), min_size=1, max_size=5), st.integers(1, 8))
def test_padding_is_at_the_end_and_fills_a_multiple(rows: list[list[int]], multiple: int):
    array = encoding.padded([np.array(row, np.int32) for row in rows], multiple)
    assert array.shape[1] % multiple == 0
    assert array.shape[1] - max(map(len, rows)) < multiple or array.shape[1] == multiple
    for line, row in zip(array, rows, strict=True):
        assert list(line[: len(row)]) == row
        assert not line[len(row) :].any()


def test_an_encoder_reads_a_text_as_the_network_does():
    sizes = {"vocabulary": 2, "length": 3, "head": 0.5, "pool": 1}
    words = ["a", "good", "film"]
    ngrams = np.array([2 * 5 + 3, 3, 3 * 5 + 4])  # "a good", "good", "good film"
    encoder = encoding.Encoder(words, ngrams, sizes)
    found = encoder.inputs([encoder.ids("A good film, a good one"), encoder.ids("dull")])
    assert found["words"][:, :4].tolist() == [[2, 3, 1, 0], [1, 0, 0, 0]]  # from six words: two, and the last
    assert found["ngrams"][:, :4].tolist() == [[1, 2, 3, 0], [0, 0, 0, 0]]
