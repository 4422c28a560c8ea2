"""Own data through the real dvc.yaml to the evaluation, and back. Keras' sets differ only up to the raw file, which
tests/datasets tests.

The tests of this file run in order, each on the state that the previous ones left.
"""

import json

import numpy as np
import pytest
from PIL import Image

from stages.core import artifacts
from tests.datasets.conftest import idx, put
from tests.pipeline.conftest import STAGES
from tests.project import differing, stages_run

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


def of_task(*names: str) -> set[str]:
    return {stage for stage in STAGES if stage.endswith(names)}


def test_an_own_book_runs_the_text_task_only(clone):
    put(clone.folder / "my/book.txt", "\ufeff" + "Once upon a time there was a fox; it asked a question.\r\n" * 200)
    output = clone.succeed("dvc", "exp", "run", "--set-param", "data.text=my/book.txt")
    assert stages_run(output) - {"check", "report"} == of_task("-text", "-textgen")
    assert json.loads(clone.read("data/raw/text.json"))["source"] == "my/book.txt"
    assert json.loads(clone.read("metrics/textgen.json"))["nats"] > 0


def test_a_changed_book_is_noticed(clone):
    put(clone.folder / "my/book.txt", "Another time, another fox; nobody asked.\n" * 200)
    assert "preprocess-textgen" in stages_run(clone.succeed("dvc", "repro", "preprocess-textgen"))
    assert clone.read("data/raw/text.txt").startswith("Another time")


def test_back_to_the_packaged_text_trains_nothing(clone):
    output = clone.succeed("dvc", "exp", "run", "--set-param", "data.text=stages/datasets/packaged.txt")
    assert not {name for name in stages_run(output) if name.startswith(("train", "evaluate"))}
    clone.succeed("git", "diff", "--exit-code", "params.yaml", "metrics", "dvc.lock")


def test_a_missing_path_costs_nothing(clone):
    before = clone.outputs()
    result = clone.type("dvc", "exp", "run", "--set-param", "data.text=~/book.txt")
    assert result.returncode != 0
    assert "~/book.txt" in result.stdout + result.stderr
    assert differing(before, clone.outputs()) in ([], ["data/checked.txt"])
    clone.succeed("git", "checkout", "params.yaml")


@pytest.mark.long
def test_letters_and_reviews_of_ones_own_keep_their_test_halves_and_reach_the_report(clone):
    generator = np.random.default_rng(1)
    labels = np.arange(26 * 12, dtype=np.uint8) % 26 + 1
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4:24, 4 + label // 2 : 7 + label // 2] = generator.integers(100, 256)
    for half, rows in (("train", slice(0, 260)), ("test", slice(260, None))):
        for kind, array in (("images", images), ("labels", labels)):
            name = f"emnist-letters-{half}-{kind}-idx{array.ndim}-ubyte"
            put(clone.folder / "my/letters" / name, idx(array[rows]))
    for half, count in (("train", 200), ("test", 60)):
        for feeling, word in (("pos", "wonderful"), ("neg", "dreadful")):
            for number in range(count):
                text = f"A {word} film, the {half} number {number}, {word} to the end."
                put(clone.folder / f"my/aclImdb/{half}/{feeling}/{number}_5.txt", text)
    clone.set_params({"data": {"digits": "my/letters", "reviews": "my/aclImdb"}})
    output = clone.succeed("dvc", "repro", "report")
    assert "images 312, official test 52" in output
    assert json.loads(clone.read("data/raw/digits.json"))["official_test"] == 52
    assert json.loads(clone.read("data/raw/reviews.json"))["official_test"] == 120
    assert json.loads(clone.read("metrics/sentiment.json"))["accuracy"] > 0.5
    assert json.loads(clone.read("metrics/autoencoder.json"))["mse"] > 0
    noisy = artifacts.read_npz(clone.folder / "data/denoiser/digits.npz")
    assert len(noisy["test_noisy"]) == len(artifacts.read_npz(clone.folder / "data/autoencoder/digits.npz")["test"])
    assert set(artifacts.read_csv(clone.folder / "plots/autoencoder/classes.csv")["digit"]) == set(range(1, 27))
    assert "10 of the 26 classes" in clone.read("report/README.md")
    readings = json.loads(clone.read("data/denoiser/invented.json"))
    assert all(1 <= one[key] <= 26 for one in readings for key in ("digit", "read_as"))


@pytest.mark.long
def test_pictures_of_two_named_classes_reach_the_report(built, clone):
    raw = np.load(built.folder / "data/raw/digits.npz")
    for label, name in ((3, "cat"), (7, "dog")):
        for row in np.flatnonzero(raw["labels"] == label)[:60]:
            path = clone.folder / f"my/pets/{name}/{row}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(raw["images"][row]).save(path)
    clone.set_params({"data": {"digits": "my/pets"}})
    assert "classes cat, dog" in clone.succeed("dvc", "repro", "report")
    assert artifacts.read_npz(clone.folder / "data/denoiser/digits.npz")["names"].tolist() == ["cat", "dog"]
    assert set(artifacts.read_csv(clone.folder / "plots/autoencoder/classes.csv")["digit"]) == {"cat", "dog"}
    for path in ("report/README.md", "report/cards/autoencoder.md", "report/cards/denoiser-conv.md"):
        assert "cat and dog" in clone.read(path)
    told = clone.read("plots/denoiser/recognition.csv")
    assert "noise" in told and "other digits" not in told
