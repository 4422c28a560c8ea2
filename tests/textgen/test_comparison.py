"""Texts as people bring them: parts that are unlike each other, other scripts, and text with nothing to learn."""

import time

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from stages.datasets import text
from stages.report.wording import verbatim
from stages.textgen import evaluate, ngrams, preprocess, samples, train
from stages.textgen.characters import decode, encode, vocabulary_of
from stages.textgen.preprocess import Parts, doubt_about, read

WORDS = "the a of king queen sea and he she walked sang saw old night morning ship house river went to in"
TERMS = "LICENSEE 1.F.3. SHALL (C) PARAGRAPH 501(C)(3) WARRANTIES, DAMAGES; 99,712 FEE: REFUND/REPLACEMENT 20%"


def prose(seed: int, characters: int, words: str = WORDS) -> str:
    """Sentences of random words in lines of about 60 characters."""
    chosen = np.random.default_rng(seed).choice(words.split(), characters // 2)
    lines = (" ".join(chosen[start : start + 14]) for start in range(0, len(chosen), 14))
    return "\n".join(lines)[:characters]


def doubt(train: str, test: str) -> str:
    vocabulary = vocabulary_of(train)
    return doubt_about(Parts(*(encode(part, vocabulary) for part in (train, train[-2000:], test))), vocabulary)


def test_a_test_part_of_another_kind_is_warned_of():
    assert doubt(prose(0, 40_000), prose(1, 5000, TERMS)).startswith("the test part does not look like the training")
    train, test = prose(0, 40_000), prose(1, 5000)
    assert f"{test.count('k') / len(test):.1%} of its characters are unknown" in doubt(train, test.replace("k", "κ"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [20_000, 200_000])
def test_a_part_of_the_same_text_is_not(seed, size):
    assert doubt(prose(seed, size), prose(seed + 100, size // 10)) == ""


def test_lines_that_were_learnt_by_heart_are_warned_of():
    train, fresh = prose(0, 40_000), prose(1, 40_000).split("\n")
    lines = train.split("\n")
    assert doubt(train, "\n".join([*lines[:30], *fresh[:70]])).startswith("30% of the lines of 40 or more characters")
    assert doubt(train, "\n".join([*lines[:20], *fresh[:80]])) == ""
    short = "\n".join(line[:39] for line in lines)
    assert doubt(short, short) == ""


TEXTS = {
    "Latin, Cyrillic and Greek": (
        "Il était une fois, près d’une forêt, une élève qui n’aimait guère l’été ; où donc allait-elle ?\n"
        "Жили-были старик со старухой у самого моря, и каждый день старик ловил рыбу.\n"
        "Μια φορά κι έναν καιρό ζούσε ένας ψαράς που μιλούσε με τη θάλασσα.\n"
    ),
    "Arabic and emoji": (
        "كان يا ما كان في قديم الزمان صياد يعيش قرب البحر ويحب الحكايات.\n"
        "Good morning 🌅! Who took my 🍪? The 🐈‍⬛ did, and the 👩‍🚀 saw it 🙂.\n"
    ),
}


def chinese() -> str:
    """Three thousand different characters, some of them often."""
    generator = np.random.default_rng(0)
    ranks = np.minimum(generator.zipf(1.3, 60_000) - 1, 2999)
    ranks[:3000] = np.arange(3000)
    lines = np.array([chr(0x4E00 + 3 * rank) for rank in ranks]).reshape(-1, 20)
    return "\n".join("".join(line) + "。" for line in lines)


TEXTS = {name: line * 60 for name, line in TEXTS.items()} | {"Chinese": chinese()}


@pytest.mark.parametrize("script", TEXTS)
def test_other_scripts_run_through_every_stage(workdir, set_source, script):
    (workdir / "book.txt").write_text(TEXTS[script], encoding="utf-8")
    params = quick(set_source("text", "book.txt"))
    text.main(params)
    preprocess.main(params)
    parts, vocabulary = read()
    assert "".join(decode(part, vocabulary) for part in parts) == TEXTS[script].strip("\n") or 0 in parts.test
    train.main(params)
    evaluate.main(params)
    metrics = artifacts.read_json(evaluate.METRICS)
    assert metrics["nats"] < np.log(len(vocabulary))
    assert metrics["nats"] < metrics["baselines"]["ngram"] + 0.3  # after twelve steps, and with the default weights
    written = "".join(row["texts"][0] for row in artifacts.read_json(evaluate.SAMPLES))
    assert len(written) == 60 and set(written) <= set(vocabulary[1:])
    verbatim(written)


def quick(params):
    """A tiny network, few steps and short samples."""
    textgen = params.textgen
    training = textgen.training.model_copy(update={"steps": 12, "epochs": 1, "batch": 4})
    network = textgen.network.model_copy(update={"units": [8], "embedding": 8})
    sampling = textgen.sampling.model_copy(update={"length": 30, "samples": 1})
    sizes = {"training": training, "network": network, "sampling": sampling, "temperatures": [0.5, 1.0]}
    return params.model_copy(update={"textgen": textgen.model_copy(update=sizes)})


def test_three_thousand_characters_are_numbered(workdir):
    vocabulary = vocabulary_of(TEXTS["Chinese"])
    assert len(vocabulary) == 3003  # with the full stop, the line feed and the unknown one
    assert ngrams.highest_order(len(vocabulary)) == 5
    assert decode(encode(TEXTS["Chinese"], vocabulary), vocabulary) == TEXTS["Chinese"]


@pytest.fixture
def set_source(params):
    """A function (dataset, path) → params with that path."""

    def changed(dataset: str, path: object):
        return params.model_copy(update={"data": params.data.model_copy(update={dataset: str(path)})})

    return changed


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("x" * 5000, "has one character only, 'x', over and over"),
        ("\ufffd" * 5000, r"has one character only, '.', over and over"),
        ("ac" * 2250 + "b" * 500, "no character of the test part occurs in the training text"),
        ("ab" * 2250 + "\ufffd" * 500, "no character of the test part occurs in the training text"),
        ("abc", "is too short: nothing is left for .* of its 3 characters; .* 30 are the fewest that can be split"),
    ],
)
def test_a_text_with_nothing_to_learn_is_refused(workdir, set_source, content, told):
    (workdir / "book.txt").write_text(content, encoding="utf-8")
    params = set_source("text", "book.txt")
    text.main(params)
    with pytest.raises(StageError, match=told):
        preprocess.main(params)


def test_one_line_of_20_megabytes(workdir, set_source):
    (workdir / "line.txt").write_text(prose(0, 20_000).replace("\n", " ") * 1000, encoding="utf-8")
    params, start = set_source("text", "line.txt"), time.process_time()
    text.main(params)
    preprocess.main(params)
    assert time.process_time() - start < 30


def test_the_warning_is_printed(workdir, set_source, capsys):
    (workdir / "book.txt").write_text(prose(0, 40_000) + "\n" + prose(1, 6000, TERMS), encoding="utf-8")
    params = set_source("text", "book.txt")
    text.main(params)
    preprocess.main(params)
    assert "warning: the test part does not look like the training text" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("test", "prompt"),
    [
        ("\n\nЖили-были старик со старухой\nу моря", "Жили-были старик со старухой\n"),
        ("HAMLET:\nTo be", None),
        ("\n \n", None),
        ("好" * 5000, "好" * 100),
    ],
)
def test_a_prompt_that_does_not_suit_the_text_gives_way(params, capsys, test, prompt):
    changed = samples.with_suitable_prompt(params, vocabulary_of(test), test)
    expected = params.textgen.sampling.prompt if prompt is None else prompt
    assert changed.textgen.sampling.prompt == expected
    assert ("does not suit this text" in capsys.readouterr().out) == (prompt is not None)
