import shutil
from pathlib import Path

import numpy as np
import pytest

from stages.core import artifacts
from stages.params import Params, load
from stages.sentiment import encoding, evaluate, preprocess, train
from stages.training.checkpoint import Checkpoint
from tests.conftest import REPOSITORY

FILLING = [f"word{number}" for number in range(60)]


def few_reviews() -> list[dict]:
    """Reviews that are easy to classify, some of them twice."""
    rows, generator = [], np.random.default_rng(0)
    for number in range(240):
        words = [*generator.choice(FILLING, 12), *generator.choice(["superb", "lovely"], 2)]
        if number % 2 == 0:
            words = [*generator.choice(FILLING, 20), *generator.choice(["awful", "boring"], 2)]
        text = " ".join(generator.permutation(words))
        row = {"text": text, "label": number % 2, "split": "train", "source": "reviews" if number < 180 else "critics"}
        rows += [row] * (2 if number % 20 == 0 else 1)
    rows[0]["text"] = "unseenbefore unseenbefore"
    return rows


@pytest.fixture(scope="module")
def quick():
    content = load(REPOSITORY / "params.yaml").model_dump()
    training = {"steps": 40, "epochs": 2, "batch": 16, "learning_rate": 0.02, "others": 8, "negations": 4}
    content["sentiment"]["training"] |= training
    content["sentiment"]["network"] |= {"vocabulary": 50, "length": 16, "embedding": 4, "filters": 4, "units": 4}
    return Params(**content)


@pytest.fixture(scope="module")
def finished(quick, tmp_path_factory) -> Path:
    """A folder in which the reviews were preprocessed and the classifier was trained and evaluated."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        artifacts.write_csv(preprocess.RAW, few_reviews())
        preprocess.main(quick)
        train.main(quick)
        evaluate.main(quick)
    return folder


@pytest.fixture
def trained(finished, workdir) -> None:
    """A copy of that folder, the current one."""
    shutil.copytree(finished, workdir, dirs_exist_ok=True)


def test_the_vocabulary_is_that_of_the_training_reviews_alone(trained):
    table, data = artifacts.read_csv(preprocess.RAW), artifacts.read_npz(preprocess.OUTPUT)
    read = [encoding.tokenise(text) for text in table["text"][data["train_rows"]]]
    words = artifacts.read_text(preprocess.VOCABULARY).splitlines()
    assert (words, len(words)) == preprocess.vocabulary(read, set())


def test_training_learns(trained):
    metrics = artifacts.read_json(evaluate.EVALUATION)
    assert metrics["accuracy"] > 0.9 and metrics["roc_auc"] > 0.95
    assert metrics["sources"]["critics"]["accuracy"] > 0.8
    confusion = artifacts.read_csv("plots/sentiment/confusion.csv")
    assert np.mean(confusion["actual"] == confusion["predicted"]) == pytest.approx(metrics["accuracy"], abs=1e-5)


def test_one_source_and_no_clause_to_negate(finished, quick, workdir):
    table = artifacts.read_csv(finished / preprocess.RAW)
    artifacts.write_csv(preprocess.RAW, table.assign(source="reviews").to_dict("records"))
    preprocess.main(quick)
    train.main(quick)
    evaluate.main(quick)
    assert "critics" not in artifacts.read_json(evaluate.METRICS)


def test_an_interrupted_training_ends_with_the_same_bytes(trained, finished, quick, monkeypatch, capsys):
    save = Checkpoint.save

    def save_and_stop(self, **state):
        save(self, **state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Checkpoint, "save", save_and_stop)
        train.main(quick)
    Path(train.MODEL).unlink()
    train.main(quick)
    assert "sentiment: resumed at epoch 2 of 2" in capsys.readouterr().out
    for path in (train.MODEL, train.HISTORY):
        assert artifacts.read_bytes(path) == artifacts.read_bytes(finished / path)
