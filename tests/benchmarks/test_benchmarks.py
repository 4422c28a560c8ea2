"""The code of `make bench` that needs no PyTorch; tests/pipeline/test_benchmarks.py runs its parts."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import (
    common,
    learning_curve,
    lstm_step,
    pipeline,
    review_sizes,
    scaling,
    sentiment,
    sgemm,
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
    ballast = np.ones(100_000_000 // 8)
    with common.scratch({}) as folder:
        usage = common.stage(folder, "check")
    assert usage.memory > 10
    assert usage.seconds > 0.05
    assert ballast.sum() == 12_500_000


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
    assert lstm_step.shapes(params)["textgen's"][:4] == (32, 32, 64, 384)
    assert textgen.default_steps(params, 100_000) == 1500
    assert textgen.default_steps(params, 5_000_000) == 2300


def test_multiplications_are_counted_by_hand():
    import keras

    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same")(image)
    x = layers.Conv2DTranspose(2, 4, strides=2, padding="same")(x)
    model = keras.Model(image, layers.Dense(7)(layers.Flatten()(x)))
    counts = [sgemm.multiplications(layer) for layer in model.layers]
    assert counts == [0, 3 * 3 * 3 * 5 * 4 * 4, 4 * 4 * 5 * 2 * 4 * 4, 0, 8 * 8 * 2 * 7]
    text = keras.Input((None, 6))
    lstm = keras.Model(text, layers.LSTM(11)(text)).layers[-1]
    assert sgemm.multiplications(lstm) == 4 * 11 * (6 + 11)


def test_the_tasks_side_by_side_are_reckoned_from_their_stages():
    stages = {
        "check": "check",
        "get": "datasets.x",
        "a1": "a.one",
        "b1": "b.one",
        "b2": "b.two",
        "page": "report.build",
    }
    dvc = {name: {"cmd": f"python -m stages.{module}", "outs": [name]} for name, module in stages.items()}
    dvc["b2"]["deps"] = ["a1"]
    frame = pd.DataFrame({"seconds": [1, 2, 10, 4, 5, 3], "cpu": [1, 2, 12, 8, 6, 3]}, index=list(stages), dtype=float)
    assert pipeline.reckoned(frame, dvc, cores=8) == 1 + 2 + (10 + 5) + 3
    assert pipeline.reckoned(frame, dvc, cores=1) == 1 + 2 + (12 + 8 + 6) + 3


def test_the_table_of_the_pipeline_has_both_commits_and_their_ratio():
    stages = {"check": "check", "train": "a.train", "more": "b.train", "page": "report.build"}
    dvc = {name: {"cmd": f"python -m stages.{module}", "outs": [name]} for name, module in stages.items()}
    rows = [
        {"way": way, "commit": way, "round": number, "stage": stage, "seconds": seconds, "cpu": cpu, "memory": 300}
        for number in (0, 1)
        for way, figures in {
            "old": {"check": (1, 1), "train": (40, 60), "whole": (50, 70)},
            "new": {"check": (1, 1), "train": (20, 30), "more": (9, 9), "page": (2, 2), "whole": (36, 45)},
            "chains": {"check": (1, 1), "train": (25, 31), "more": (9, 9), "page": (2, 2), "whole": (30, 46)},
        }.items()
        for stage, (seconds, cpu) in figures.items()
    ]
    text = pipeline.table(pd.DataFrame(rows), dvc)
    assert "| `train` | 40 | 20 | 60 | 30 | 0.50 | 300 | 300 |" in text
    assert "| `more` |  | 9 |  | 9 |  |  | 300 |" in text
    assert "30 s, 0.60 × the old commit" in text
    assert "27 s on 8 cores, 0.54 × the old commit" in text  # 1 + 20 + 2 of the stages, 4 of DVC


def test_a_stage_is_metered_where_it_runs(tmp_path):
    log, meter = tmp_path / "log", tmp_path / "python"
    meter.write_text(pipeline.METER.format(python=sys.executable, log=str(log)), encoding="utf-8")
    meter.chmod(0o755)
    assert subprocess.run([meter, "-c", "sum(range(10**6)); raise SystemExit(3)"], check=False).returncode == 3
    (line,) = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    assert 0 < line["cpu"] < 60
    assert line["seconds"] > 0
    assert line["memory"] > 1


def test_means_over_the_draws():
    drawn = pd.DataFrame({"characters": [3000, 3000, 5000], "nats": [1.0, 2.0, 3.0], "gpt": ["2.5", "", ""]})
    text = table.means(drawn, "characters", {"nats": "text model", "gpt": "GPT", "xz": "xz"})
    assert "| Characters | Draws | text model | GPT |" in text
    assert "| 3,000 | 2 | 1.5 ± 0.71 | 2.5 |" in text
    assert "| 5,000 | 1 | 3 |  |" in text


def test_what_takes_longer_is_written_anew_and_the_rest_stays(workdir, content):
    artifacts.write_bytes("dvc.yaml", (REPOSITORY / "dvc.yaml").read_bytes())
    artifacts.write_text(table.OUTPUT, f"# Results\n\n| a | b |\n\n{table.LONGER}\n## Old\n\nold\n")
    rows = [{"characters": 1000, "seed": seed, "nats": 2.0 + seed / 10, "ngram": 2.5} for seed in (7, 8)]
    artifacts.write_csv(learning_curve.OUTPUT, rows)
    table.update()
    text = artifacts.read_text(table.OUTPUT)
    assert text.startswith("# Results\n\n| a | b |\n\n<!--")
    assert "| 1,000 | 2 | 2.75 ± 0.071 | 2.5 ± 0 |" in text
    assert "## Old" not in text
    table.update()
    assert artifacts.read_text(table.OUTPUT) == text
