import numpy as np
import pytest

from stages.core import artifacts
from stages.textgen import evaluate, preprocess, train
from stages.textgen import model as network
from stages.textgen.evaluate import PASSAGE, WORKED, branches, worked_example


class Fixed:
    """A reader of five characters: sure of the next one, but open where the text has character 2."""

    layers, input_shape = (), (1, None)

    def predict_on_batch(self, ids: np.ndarray) -> np.ndarray:
        logits = np.zeros((*ids.shape, 5))
        logits[..., 1] = 9.0
        logits[ids == 2] = [0, 1, 1.2, 0.9, 1.1]
        return logits


def test_the_worked_example_is_the_first_open_place():
    ids = np.ones(300, int)
    ids[[50, 150, 200]] = 2
    context, rows = worked_example(Fixed(), ids, 0, "?ab\n ")
    assert len(context["context"]) == 151
    assert context["context"].endswith("ab")
    assert context["next"] == "a"
    assert [row["temperature"] for row in rows[::6]] == list(WORKED)
    for start in range(0, len(rows), 6):
        assert sum(row["probability"] for row in rows[start : start + 6]) == pytest.approx(1)
    assert [row["character"] for row in rows[:4]] == ["b", "space", "a", "line break"]
    worked_example(Fixed(), np.ones(3, int), 0, "?ab\n ")  # a text of three characters, and no open place


def test_each_branch_is_measured_by_itself():
    costs = np.random.default_rng(0).exponential(1.0, (3, 20 * PASSAGE)) + np.array([[1], [2], [3]])
    shape = network.Shape(6, 3, [4], [(0, 1), (5, 3)])
    model = network.TextModel(network.build(shape, weights=(0.6, 0.4)), shape, "", 0)
    found = branches(model, costs, seed=7)
    assert found["lstm"]["weight"] == 0.6
    assert found["ngrams"]["nats"] == pytest.approx(4, abs=0.05)
    low, high = found["ngrams"]["nats_minus_whole_interval"]
    assert 1.9 < low < 2 < high < 2.1


def chinese() -> str:
    """Three thousand different characters, some of them often."""
    ranks = np.minimum(np.random.default_rng(0).zipf(1.3, 60_000) - 1, 2999)
    ranks[:3000] = np.arange(3000)
    lines = np.array([chr(0x4E00 + 3 * rank) for rank in ranks]).reshape(-1, 20)
    return "\n".join("".join(line) + "。🐈‍⬛" for line in lines)


def test_a_large_alphabet_runs_through_every_stage(workdir, params):
    content = params.model_dump()
    content["textgen"]["training"] |= {"steps": 12, "epochs": 1, "batch": 4}
    content["textgen"]["network"] |= {"units": [8], "embedding": 8}
    content["textgen"] |= {"temperatures": [0.5, 1.0]}
    content["textgen"]["sampling"] |= {"length": 30, "samples": 1}
    params = type(params).model_validate(content)
    artifacts.write_text(preprocess.RAW, chinese())
    for stage in (preprocess, train, evaluate):
        stage.main(params)
    vocabulary = preprocess.read()[1]
    metrics = artifacts.read_json(evaluate.METRICS)
    found = artifacts.read_json(evaluate.EVALUATION)
    assert metrics["nats"] == found["nats"] < np.log(len(vocabulary))
    assert metrics["nats"] < metrics["baselines"]["ngram"] + 0.3  # after twelve steps, and with the default weights
    assert metrics["minus_baseline"] == found["nats_minus_ngram_interval"]
    written = "".join(row["texts"][0] for row in artifacts.read_json(evaluate.SAMPLES))
    assert len(written) == 60 and set(written) <= set(vocabulary[1:])
