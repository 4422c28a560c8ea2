"""The code of `make bench` that needs no PyTorch; tests/pipeline/test_benchmarks.py runs its parts."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import (
    common,
    lstm_step,
    review_sizes,
    scaling,
    sentiment,
    table,
    textgen,
)
from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import load
from tests.conftest import REPOSITORY


@pytest.fixture
def settings(workdir, content):
    """An empty folder with the committed params.yaml."""
    artifacts.write_bytes("params.yaml", (REPOSITORY / "params.yaml").read_bytes())
    return content


def row(ours, theirs, *, better="lower", measure="s", **options):
    return common.row("task", measure, ours, "peer", theirs, better=better, **options)


@pytest.mark.parametrize(
    ("given", "winner", "comparison"),
    [
        (row(1.0, 2.0), "ours", "0.5 ×"),
        (row(3.0, 2.0), "**theirs**", "1.5 ×"),
        (row(2.0, 2.0), "equal", "1 ×"),
        (row(20.0, 18.5, better="higher", measure="PSNR, dB"), "ours", "+1.50"),
        (row(90.0, 91.0, better="higher", measure="accuracy, %"), "**theirs**", "-1.00"),
        (
            row(93.0, 92.6, better="higher", measure="accuracy, %", interval=[-0.4, 1.2]),
            "no significant difference",
            "+0.40",
        ),
        (row(1.5, 1.6, interval=[-0.2, -0.1]), "ours", "0.938 ×"),
        (row(5.0, None), "ours", "–"),
        (row(None, 5.0), "**theirs**", "–"),
        (row(None, None), "equal", "–"),
    ],
)
def test_the_table_says_which_is_better(given, winner, comparison):
    cells = dict(zip(table.COLUMNS, table.line(given), strict=True))
    assert (cells["Better"], cells["Ratio"]) == (winner, comparison)


def test_the_table_holds_every_row_and_where_it_was_measured(settings):
    usage = [
        {"stage": "a.train", "size": size, "threads": threads, "seconds": seconds, "memory": 500}
        for size, threads, seconds in ((0.5, 2, 9), (1, 1, 15), (1, 2, 10), (2, 2, 12))
    ]
    parts = {
        "digits": {"seconds": 60, "result": [row(1, 2, note="as seen"), row(4, 2, measure="ms")]},
        "scaling": {"seconds": 60, "result": {"steps": 7, "stages": usage}},
    }
    text = table.page(parts, quick=False)
    assert "| task | s | 1 | peer | 2 | 0.5 × | ours | as seen |" in text
    assert "| task | ms | 4 | peer | 2 | 2 × | **theirs** |" in text
    assert "| `a.train` | 1 × | 1 | 15.0 | 1.50 | 500 | 1.00 |" in text
    assert "in 2 minutes" in text
    assert f"keras {table.installed('keras')}" in text
    assert "meaningless" not in text
    assert "meaningless" in table.page(parts, quick=True)


def test_the_table_waits_for_every_part(settings):
    with pytest.raises(StageError, match=r"lstm_step; run python -m benchmarks"):
        table.write({"digits": {"seconds": 1, "result": []}, "lstm_step": None}, quick=False)


def test_a_result_holds_until_what_it_depends_on_changes(settings, monkeypatch):
    monkeypatch.setattr("sys.argv", ["part"])
    assert common.result("digits", False) is None
    common.part(lambda params, quick: [params.seed], "digits")
    assert common.result("digits", False)["result"] == [settings["seed"]]
    assert common.result("digits", True) is None
    artifacts.write_text("params.yaml", artifacts.read_text("params.yaml").replace("seed: 7 ", "seed: 8 "))
    assert common.result("digits", False) is None


def test_a_part_without_its_input_ends_in_one_line(settings, monkeypatch):
    monkeypatch.setattr("sys.argv", ["part"])
    with pytest.raises(SystemExit, match=r"^error: metrics/sentiment.json does not exist; `dvc repro` makes it"):
        common.part(sentiment.measure, "sentiment")


def test_a_scratch_folder_changes_params_there_alone(settings):
    before = artifacts.read_text("params.yaml")
    with common.scratch({"textgen.training.steps": 3, "threads": 1}) as folder:
        there = common.params.load(folder / "params.yaml")
        common.stage(folder, "check")
        assert (folder / "data/checked.txt").exists()
    assert (there.textgen.training.steps, there.threads) == (3, 1)
    assert there.textgen.training.batch == settings["textgen"]["training"]["batch"]
    assert artifacts.read_text("params.yaml") == before
    assert not folder.exists()


def test_a_stage_that_fails_is_named(settings):
    with (
        common.scratch({"seed": -1}) as folder,
        pytest.raises(StageError, match=r"-m stages.check failed with status 1"),
    ):
        common.stage(folder, "check")


def test_usage_is_of_the_stage_alone(settings):
    ballast = np.ones(400_000_000 // 8)  # of the process that starts it
    with common.scratch({}) as folder:
        usage = common.stage(folder, "check")
    assert 20 < usage.memory < 350
    assert usage.seconds > 0.05
    assert ballast.sum() == 50_000_000


def test_repeated_data_is_so_many_times_as_long():
    data = {"train": np.arange(3), "test_labels": np.arange(2), "vocabulary": np.arange(5)}
    more = scaling.repeated(data, 2)
    assert more["train"].tolist() == [0, 1, 2, 0, 1, 2]
    assert more["test_labels"].tolist() == [0, 1, 0, 1]
    assert more["vocabulary"].tolist() == [0, 1, 2, 3, 4]


def test_drawn_reviews_are_balanced_and_none_is_tested_on():
    labels = np.arange(7_000) % 2
    table = pd.DataFrame({"text": [f"review {number}" for number in range(7_000)], "label": labels, "split": "train"})
    rows = pd.DataFrame(review_sizes.drawn(table, 500, 7))
    assert rows.groupby(["split", "label"]).size().to_dict() == {
        ("test", 0): 2_500, ("test", 1): 2_500, ("train", 0): 250, ("train", 1): 250
    }  # fmt: skip
    assert rows["text"].is_unique
    assert all(labels[int(text.split()[1])] == label for text, label in zip(rows["text"], rows["label"], strict=True))
    other = pd.DataFrame(review_sizes.drawn(table, 500, 8))
    assert set(other["text"][other["split"] == "train"]) != set(rows["text"][rows["split"] == "train"])
    with pytest.raises(StageError, match=r"has 7,000 reviews; it should have 15,000, half of them positive"):
        review_sizes.drawn(table, 10_000, 7)


def test_the_recipe_reads_the_end_of_a_review_padded_in_front():
    long = np.arange(2, 302)
    data = {}
    for part in ("train", "validation", "test"):
        data |= {
            f"{part}_words": np.r_[long, [7, 30_000]].astype(np.int32),
            f"{part}_word_lengths": np.array([300, 2]),
            f"{part}_labels": np.array([0, 1]),
        }
    words = sentiment.for_keras_io(data, quick=False)["train_words"]
    assert words.shape == (2, 200)
    assert words[0].tolist() == list(range(102, 302))
    assert words[1].tolist() == [0] * 198 + [7, 1]


@pytest.fixture
def easy_reviews(tmp_path):
    """Reviews that differ in one word, as text and as inputs of the recipe."""
    generator = np.random.default_rng(0)
    arrays, lines = {}, ["text,label"]
    for part, count in (("train", 192), ("validation", 32), ("test", 32)):
        labels = np.arange(count) % 2
        arrays |= {f"{part}_labels": labels, f"{part}_rows": len(lines) - 1 + np.arange(count)}
        arrays[f"{part}_words"] = generator.integers(10, 20, (count, 12)).astype(np.int32)
        arrays[f"{part}_words"][:, 6:] = 3 + labels[:, None]
        lines += [f"a film {'good' if label else 'bad'}" for label in labels]
        lines[-count:] = [f"{text},{label}" for text, label in zip(lines[-count:], labels, strict=True)]
    artifacts.write_npz(tmp_path / "reviews.npz", **arrays)
    artifacts.write_text(tmp_path / "reviews.csv", "\n".join(lines) + "\n")
    return tmp_path


def test_keras_ios_recipe_learns_and_reports_when_it_reached_the_goal(easy_reviews):
    settings = {"data": str(easy_reviews / "reviews.npz"), "threads": 2, "goal": 0.9, "every": 3}
    figures = common.peer("keras_io", settings)
    assert figures["accuracy"] > 0.9
    assert 0 < figures["goal_seconds"] <= figures["seconds"]


def test_scikit_learns_pipeline_learns(easy_reviews):
    files = {"reviews": str(easy_reviews / "reviews.csv"), "data": str(easy_reviews / "reviews.npz")}
    figures = common.peer("tfidf", files)
    assert (figures["validation"], figures["test"]) == (1.0, 1.0)
    assert figures["seconds"] > 0


def test_a_peer_that_fails_is_named(tmp_path):
    with pytest.raises(StageError, match=r"benchmarks.peers.tfidf failed with status 1"):
        common.peer("tfidf", {"reviews": str(tmp_path / "none.csv"), "data": "none.npz"})


def test_a_worker_trains_on_request_and_ends():
    worker = lstm_step.Worker("keras", (4, 5, 3, 2, True), 2)
    assert worker.step(2) > 0
    worker.stop()
    assert worker.process.returncode == 0


def test_a_worker_that_fails_is_named():
    with pytest.raises(StageError, match=r"the keras process failed"):
        lstm_step.Worker("keras", (4, 5, 3, -2, True), 2)


def test_peers_do_not_import_the_stages():
    for path in (REPOSITORY / "benchmarks/peers").glob("*.py"):
        assert "import stages" not in path.read_text(encoding="utf-8")
        assert "from stages" not in path.read_text(encoding="utf-8")


def test_the_shapes_and_steps_are_those_of_the_params(settings):
    params = load()
    assert lstm_step.shapes(params)["textgen's"][:4] == (64, 32, 64, 384)
    assert textgen.default_steps(params, 100_000) == 2000
    assert textgen.default_steps(params, 5_000_000) == 350
