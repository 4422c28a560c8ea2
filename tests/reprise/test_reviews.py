import json

import numpy as np
import pytest

from reprise.reviews import BATCH, MOST_PARTS, Classifier
from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import load
from stages.sentiment import encoding
from stages.sentiment import model as network


@pytest.fixture(scope="module")
def classifier(folder) -> Classifier:
    return Classifier(folder / "models/sentiment.keras")


def log_odds(classifier: Classifier, *texts: str) -> np.ndarray:
    probability = np.array([verdict.probability for verdict in classifier.judge(texts)])
    return np.log(probability / (1 - probability))


def test_the_probability_is_that_of_the_evaluation(classifier, folder):
    data = artifacts.read_npz(folder / "data/sentiment/reviews.npz")
    sizes = load(folder / "params.yaml").sentiment.network
    logits = network.logits(network.branches(classifier.model), network.reviews(data, "test", sizes), sizes.pool)
    expected = network.probabilities(logits, network.weights(classifier.model))["network"]
    words = encoding.per_review(data["test_words"], data["test_word_lengths"])
    texts = [" ".join(classifier.carried["vocabulary"][number - 2] for number in ids) for ids in words]
    assert np.allclose([verdict.probability for verdict in classifier.judge(texts)], expected, atol=1e-6)


def test_the_order_of_the_reviews_is_kept(classifier):
    texts = ["good film", "a very very very bad film not good", "bad", *["good good good film"] * BATCH]
    together = [verdict.probability for verdict in classifier.judge(texts)]
    assert together == pytest.approx([classifier.judge([text])[0].probability for text in texts], abs=1e-6)
    assert len(set(together)) > 3


def test_a_word_adds_what_the_text_loses_without_it(classifier):
    text = "Not a GOOD film,<br />zzz very ’very good!"
    pieces = classifier.explain(text)
    assert "".join(piece for piece, _ in pieces) == text
    words = [piece for piece, value in pieces if value is not None]
    assert words == ["Not", "a", "GOOD", "film", "zzz", "very", "very", "good", "!"]
    whole, without = log_odds(classifier, text, text.replace("GOOD ", ""))
    assert dict(pieces)["GOOD"] == pytest.approx(whole - without, abs=1e-4)
    assert abs(whole - without) > 0.001


def test_a_sentence_of_a_long_text_adds_what_the_text_loses_without_it(classifier):
    sentences = ["Not a good film.", " Very bad;", *[" A film, good."] * 20]
    pieces = classifier.explain("".join(sentences))
    assert "".join(piece for piece, _ in pieces) == "".join(sentences)
    values = [(piece, value) for piece, value in pieces if value is not None]
    assert [piece for piece, _ in values[:3]] == ["Not a good film", "Very bad", "A film, good"]
    whole, without = log_odds(classifier, "".join(sentences), "".join([sentences[0], *sentences[2:]]))
    assert values[1][1] == pytest.approx(whole - without, abs=1e-4)
    endless = classifier.explain("good film " * 5_000)
    assert len([value for _, value in endless if value is not None]) <= MOST_PARTS


def test_what_reads_like_another_language_is_warned_of(command, monkeypatch):
    monkeypatch.setattr(encoding, "RARE", 4)  # of six words
    out, err = command("sentiment", stdin=b"good film\nnot ein sehr langer Streifen\ngood\n")
    assert len(out.splitlines()) == 3
    assert b"the verdict says little: review 2\n" in err


def test_lines_of_output(command):
    out, _ = command("sentiment", "a good film, not very bad", "bad")
    for label, probability, threshold in (line.split("\t") for line in out.decode().splitlines()):
        assert threshold == "0.525"
        assert label == ("positive" if float(probability) >= 0.525 else "negative")
    out, _ = command("sentiment", "--explain", "a good film, not very bad")
    assert len(out.decode().split("\t")[3].split(", ")) == 5


def test_json_and_a_threshold(command):
    for threshold, label in (("0", "positive"), ("1", "negative")):
        out, _ = command("sentiment", "--json", "--explain", "--threshold", threshold, "good film")
        found = json.loads(out)
        assert (found["label"], found["threshold"]) == (label, float(threshold))
        assert {part["text"] for part in found["parts"]} == {"good", "film"}


def test_what_has_no_known_word_is_not_judged(command, capfdbinary):
    with pytest.raises(StageError, match="no word is in the vocabulary: review 2, 3"):
        command("sentiment", "--explain", stdin="good\n\n你好 ...\nbad\n".encode())
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split("\t")[0] == "-" for line in lines] == [False, True, True, False]
    with pytest.raises(StageError, match="not classified"):
        command("sentiment", "")


def test_a_table(command, workdir):
    (workdir / "reviews.csv").write_text('text,said\n"good, film",bad\nNA,"bad\nfilm"\n', encoding="utf-8")
    assert command("sentiment", "--csv", "reviews.csv", "--column", "said")[0].count(b"\n") == 2
    with pytest.raises(StageError, match="has no column 'review'; it has text, said"):
        command("sentiment", "--csv", "reviews.csv", "--column", "review")
    with pytest.raises(StageError, match=r"missing\.csv"):
        command("sentiment", "--csv", "missing.csv")


def test_thresholds_are_those_of_the_validation_reviews(classifier):
    assert classifier.tuned_threshold() == 0.525
    rows = classifier.carried["thresholds"]
    threshold, summary = classifier.precise_threshold(0.5)
    assert threshold == min(row["threshold"] for row in rows if row["precision"] >= 0.5)
    assert "30 validation reviews" in summary
    with pytest.raises(StageError, match="no threshold has precision 1 on the 30 validation reviews"):
        classifier.precise_threshold(1)
