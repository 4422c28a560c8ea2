"""`reprise evaluate` on small models; the pipeline's own figures again: tests/pipeline/test_external.py."""

import json

import numpy as np
import pytest
from PIL import Image

from reprise.evaluate import rows
from stages.core.errors import StageError


@pytest.fixture
def data(workdir) -> dict[str, str]:
    for label in "01":
        (workdir / "digits" / label).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(number).integers(0, 256, (28, 28)).astype(np.uint8)
            Image.fromarray(pixels).save(workdir / "digits" / label / f"{number}.png")
    (workdir / "text.txt").write_text("abc de\n" * 300, encoding="utf-8")
    (workdir / "reviews.csv").write_text("text,label\na good film,1\nvery bad,0\nnot good,0\n", encoding="utf-8")
    return {"autoencoder": "digits", "denoiser": "digits", "textgen": "text.txt", "sentiment": "reviews.csv"}


@pytest.mark.parametrize(
    ("task", "count", "measure"),
    [
        ("autoencoder", ("digits", 6), "mse"),
        ("denoiser", ("digits", 6), "gain"),
        ("textgen", ("characters", 2099), "nats"),
        ("sentiment", ("reviews", 3), "accuracy"),
    ],
)
def test_json_alone_and_no_file(command, workdir, data, task, count, measure):
    before = sorted(workdir.rglob("*"))
    out, _ = command("evaluate", task, "--data", data[task])
    found = json.loads(out)
    assert (found[count[0]], found["data"], found["part"]) == (count[1], data[task], "all")
    assert measure in found
    assert sorted(workdir.rglob("*")) == before


def test_a_limit_and_another_noise(command, data):
    found = json.loads(command("evaluate", "denoiser", "--data", "digits", "--limit", "2", "--noise-std", "0.25")[0])
    assert (found["digits"], found["noise_std"]) == (2, 0.25)
    with pytest.raises(StageError, match="--noise-std is for the denoiser"):
        command("evaluate", "autoencoder", "--data", "digits", "--noise-std", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["autoencoder", "--data", "nowhere"], "nowhere"),
        (["autoencoder", "--data", "digits", "--model", "no.keras"], "no.keras does not exist"),
        (["autoencoder", "--data", "digits", "--model", "/dev/zero"], "/dev/zero is not a .keras file"),
        (["denoiser", "--data", "digits", "--model", "{}/models/textgen.keras"], "is not a denoiser of digits"),
        (["textgen", "--data", "text.txt", "--model", "{}/models/sentiment.keras"], "is not a text model"),
        (["sentiment", "--data", "text.txt"], "text.txt"),
    ],
)
def test_bad_input_is_one_line(command, data, folder, arguments, message, capfdbinary):
    with pytest.raises(StageError, match=message) as error:
        command("evaluate", *(argument.format(folder) for argument in arguments))
    assert "\n" not in str(error.value)
    assert capfdbinary.readouterr().out == b""


def test_the_sources_own_test_half_is_measured():
    test = np.array([False, True, False, True, True, True])
    assert rows(test, None).tolist() == [1, 3, 4, 5]
    assert rows(test, 2).tolist() == [1, 4]
    assert rows(np.zeros(5, bool), None).tolist() == [0, 1, 2, 3, 4]


def test_data_that_was_trained_on_is_known_by_its_hash(command, data, repository_of, workdir):
    found = json.loads(command("evaluate", "textgen", "--data", "text.txt")[0])
    assert "warning" not in found
    raw = repository_of / "data/raw/text.json"
    raw.parent.mkdir(exist_ok=True)
    raw.write_text(json.dumps(found["provenance"] | {"source": "elsewhere"}), encoding="utf-8")
    out, err = command("evaluate", "textgen", "--data", "text.txt")
    raw.unlink()
    assert "not held out" in json.loads(out)["warning"]
    assert b"not held out" in err
