import json

import numpy as np
import pytest

from reprise.sentiment import BATCH, LONGEST, Classifier
from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.sentiment import batches, train
from stages.sentiment import model as network
from stages.sentiment.preprocess import OUTPUT


@pytest.fixture(scope="module")
def classifier(folder) -> Classifier:
    return Classifier(folder / train.MODEL)


def test_the_probability_is_that_of_the_evaluation(classifier, folder):
    data = artifacts.read_npz(folder / OUTPUT)
    reviews = batches.reviews(data, "test", classifier.sizes)
    logits = network.logits(network.branches(classifier.model), reviews, classifier.sizes.pool)
    expected = network.probability(logits, network.weights(classifier.model))
    words = np.split(data["test_words"], 30)
    texts = [" ".join(classifier.vocabulary[number - 2] for number in ids) for ids in words]
    assert np.allclose([verdict.probability for verdict in classifier.judge(texts)], expected, atol=1e-6)


def test_the_order_of_the_reviews_is_kept(classifier):
    texts = ["good film", "a very very very bad film not good", "bad", "good good good film"]
    together = [verdict.probability for verdict in classifier.judge(texts)]
    assert together == pytest.approx([classifier.judge([text])[0].probability for text in texts], abs=1e-6)
    assert len(set(together)) == 4


def test_the_words_of_the_ngram_branch_add_up_to_its_logit(classifier):
    """With LSTMs that count for nothing, what is told is the whole decision."""
    before = network.weights(classifier.model)
    try:
        network.weigh(classifier.model, before * (np.array(network.BRANCHES) == "ngrams"))
        (verdict,) = classifier.judge(["not a good film very very good"], words=100)
    finally:
        network.weigh(classifier.model, before)
    logit = np.log(verdict.probability / (1 - verdict.probability))
    assert verdict.words
    assert sum(value for _, value in verdict.words) == pytest.approx(logit, abs=1e-4)


def test_the_words_of_the_lstm_are_its_slopes(classifier):
    """Told log odds predict what a small change of a word's vector does."""
    before = network.weights(classifier.model)
    layer = classifier.model.get_layer("word_vectors")
    vectors = layer.get_weights()[0]
    row = classifier.number["good"]
    try:
        network.weigh(classifier.model, before * (np.array(network.BRANCHES) != "ngrams"))
        classifier.evidence, evidence = np.zeros_like(classifier.evidence), classifier.evidence
        chances = []
        for scale in (1.0, 1.01):
            layer.set_weights([np.where(np.arange(12)[:, None] == row, vectors * scale, vectors)])
            (verdict,) = classifier.judge(["a good film"], words=3)
            chances.append(np.log(verdict.probability / (1 - verdict.probability)))
            if scale == 1:
                told = dict(verdict.words)["good"]
    finally:
        layer.set_weights([vectors])
        network.weigh(classifier.model, before)
        classifier.evidence = evidence
    assert (chances[1] - chances[0]) / 0.01 == pytest.approx(told, rel=0.05, abs=1e-3)


def test_without_words_the_probabilities_are_the_same(classifier):
    texts = [" ".join(["good", "bad", "film", "very", "not"][: n % 5 + 1] * (n % 4 + 1)) for n in range(BATCH + 40)]
    told = classifier.judge(texts, words=3)
    plain = classifier.judge(texts, words=0)
    assert all(verdict.words == [] for verdict in plain)
    assert all(0 < len(verdict.words) <= 3 for verdict in told)
    assert np.allclose([v.probability for v in plain], [v.probability for v in told], atol=1e-6)


def test_marked_pieces_are_the_text_and_add_up_to_the_decision(classifier):
    """The n-gram branch is a sum: its pieces make up its whole logit, wherever its n-grams stand."""
    text = "Not a GOOD film,<br />zzz very ’very good!\n"
    before = network.weights(classifier.model)
    try:
        network.weigh(classifier.model, before * (np.array(network.BRANCHES) == "ngrams"))
        pieces, (verdict,) = classifier.mark(text), classifier.judge([text], words=0)
    finally:
        network.weigh(classifier.model, before)
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, value in pieces if value is not None] == [
        "Not",
        "a",
        "GOOD",
        "film",
        "very",
        "very",
        "good",
    ]
    logit = np.log(verdict.probability / (1 - verdict.probability))
    assert sum(value or 0 for _, value in pieces) == pytest.approx(logit, abs=1e-4)


def test_marks_are_the_slopes_too(classifier):
    """Of one known word, all that is told of it."""
    (told,) = classifier.judge(["zzz good"], words=9)
    assert dict(told.words)["good"] == pytest.approx(dict(classifier.mark("zzz good"))["good"], abs=1e-6)
    assert classifier.mark("你好 zzz") == [("你好 zzz", None)]
    assert classifier.mark("") == []


def test_unusual_reviews_have_a_verdict_or_none(classifier):
    one, long, emoji, foreign = classifier.judge(
        ["good", "good film " * 50_000, "😀 🎬!?", "not ein wirklich sehr langweiliger Streifen"], words=3
    )
    assert one.known == long.known == 1.0
    assert 0 < one.probability < 1 and dict(one.words).keys() == {"good"}
    assert 0 < long.probability < 1 and {"good", "film"} & dict(long.words).keys()
    assert emoji.probability is None
    assert foreign.known == pytest.approx(1 / 6)


def test_few_known_words_are_warned_of(command):
    out, err = command("sentiment", stdin=b"good film\nnot ein sehr langer Streifen\ngood zzz zzz\n")
    assert len(out.splitlines()) == 3
    assert err.decode().splitlines()[-1] == (
        "warning: fewer than 30 % of the words are in the vocabulary, so the verdict says little: review 2"
    )


def test_lines_in_lines_out(command):
    out, _ = command("sentiment", "--words", "2", stdin=b"good film\nvery bad\r\n")
    lines = [line.split("\t") for line in out.decode().splitlines()]
    assert len(lines) == 2
    for label, probability, threshold, words in lines:
        assert threshold == "0.525"
        assert label == ("positive" if float(probability) >= 0.525 else "negative")
        assert len(words.split(", ")) == 2


def test_json_and_a_threshold(command):
    for threshold, label in (("0", "positive"), ("1", "negative")):
        out, _ = command("sentiment", "--json", "--threshold", threshold, "good film")
        told = json.loads(out)
        assert told["label"] == label
        assert told["threshold"] == float(threshold)
        assert set(told["words"][0]) == {"text", "log_odds"}


def test_what_has_no_known_word_is_not_judged(command, capfdbinary):
    with pytest.raises(StageError, match="no word is in the vocabulary: review 2, 3"):
        command("sentiment", stdin="good\n\n你好 ...\nbad\n".encode())
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split("\t")[0] == "-" for line in lines] == [False, True, True, False]
    with pytest.raises(StageError, match="not classified"):
        command("sentiment", "")


def test_a_megabyte_is_read_and_more_than_the_most_is_not(command):
    assert command("sentiment", stdin=b"good bad film " * 75_000)[0].count(b"\n") == 1
    with pytest.raises(StageError, match="review 1 is longer than 2,000,000 bytes"):
        command("sentiment", stdin=b"a" * (LONGEST + 1))


def test_a_table(command, workdir):
    (workdir / "reviews.csv").write_text('text,said\n"good, film",bad\nNA,"bad\nfilm"\n', encoding="utf-8")
    assert command("sentiment", "--csv", "reviews.csv", "--column", "said")[0].count(b"\n") == 2
    with pytest.raises(StageError, match="has no column 'review'; it has text, said"):
        command("sentiment", "--csv", "reviews.csv", "--column", "review")
    for name, content, problem in (
        ("empty.csv", b"", "is empty"),
        ("latin.csv", b"text\ncaf\xe9\n", "is not UTF-8 text"),
        ("torn.csv", b'text\n"a\nb', "is not CSV: EOF inside string"),
        ("shifted.csv", b"text,label\na wonderful, great film,0\n", "is not CSV: Expected 2 fields in line 2, saw 3"),
        ("doubled.csv", b"text,text\nGood,Bad\n", "has two columns of one name: text, text"),
    ):
        (workdir / name).write_bytes(content)
        with pytest.raises(StageError, match=f"{name}.*{problem}"):
            command("sentiment", "--csv", name)
    with pytest.raises(StageError, match=r"cannot read missing.csv"):
        command("sentiment", "--csv", "missing.csv")
    with pytest.raises(StageError, match=r"cannot read .: Is a directory"):
        command("sentiment", "--csv", ".")


def test_bytes_that_are_no_text(command):
    with pytest.raises(StageError, match=r"review 2 is not UTF-8 \(byte 1\)"):
        command("sentiment", stdin=b"good\na\xff\n")


def test_thresholds_are_those_of_the_validation_reviews(classifier):
    assert classifier.tuned_threshold() == 0.525
    rows = classifier.carried.thresholds
    threshold, told = classifier.precise_threshold(0.5)
    assert threshold == min(row["threshold"] for row in rows if row["precision"] >= 0.5)
    assert "30 validation reviews" in told
    with pytest.raises(
        StageError, match=r"no threshold has precision 1 on the 30 validation reviews; the highest is 0\.9"
    ):
        classifier.precise_threshold(1)


def test_the_file_alone_classifies(folder, workdir, command):
    (workdir / "mine.keras").write_bytes((folder / train.MODEL).read_bytes())
    alone = command("sentiment", "--model", "mine.keras", "good film", "bad film")[0]
    assert alone == command("sentiment", "good film", "bad film")[0]
    assert [path.name for path in workdir.iterdir()] == ["mine.keras"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"vocabulary": None}, "does not carry its vocabulary"),
        ({"network": {"vocabulary": 10}}, "sizes of a network that this version does not have"),
        ({"ngrams": np.arange(3)}, "the vocabulary of another model"),
        ({"seed": "seven"}, "carries a seed that is str, not int"),
        ({"thresholds": []}, "another model"),
    ],
)
def test_a_file_that_carries_something_else_is_refused(classifier, tmp_path, changes, problem):
    carried = classifier.carried._asdict() | {"network": classifier.sizes.model_dump()} | changes
    path = tmp_path / "changed.keras"
    model_files.write(path, classifier.model, {name: value for name, value in carried.items() if value is not None})
    with pytest.raises(StageError, match=f"changed.keras.*{problem}"):
        Classifier(path)


def test_a_broken_file_and_one_of_another_model_are_one_line(folder, tmp_path):
    (tmp_path / "half.keras").write_bytes((folder / train.MODEL).read_bytes()[:5000])
    with pytest.raises(StageError, match="is not a whole Keras model"):
        Classifier(tmp_path / "half.keras")
    with pytest.raises(StageError, match="is not a classifier of reviews: its name is 'textgen'"):
        Classifier(folder / "models/textgen.keras")
