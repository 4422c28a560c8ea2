"""What takes longer than `make bench`, and the speed of the train steps: how figures become tables."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks import learning_curve, pipeline, sgemm, table
from stages.core import artifacts
from tests.conftest import REPOSITORY


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


def test_the_products_of_muon_are_those_of_kernels_of_lstms_and_convolutions():
    import keras

    x = keras.Input((8, 8, 2))
    y = keras.layers.Reshape((3, -1))(keras.layers.Conv2D(5, 3, strides=3, padding="same")(x))
    model = keras.Model(x, keras.layers.Dense(3)(keras.layers.LSTM(4)(y)))
    shapes = [(18, 5), (15, 16), (4, 16)]
    assert [variable.shape for variable in model.trainable_variables if "lstm" in variable.path][:2] == shapes[1:]
    assert sgemm.orthogonalized(model) == 5 * sum(
        2 * min(shape) ** 2 * max(shape) + min(shape) ** 3 for shape in shapes
    )


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


def test_no_result_of_the_measured_commit_counts_as_done(tmp_path):
    pipeline.clone("HEAD", tmp_path / "clone")
    assert (tmp_path / "clone/dvc.yaml").exists()
    assert not (tmp_path / "clone/dvc.lock").exists()


def test_a_stage_is_metered_where_it_runs(tmp_path):
    log, python = tmp_path / "a log", tmp_path / "a folder" / "python"
    pipeline.stand_in(python, Path(sys.executable), log)
    command = ["-c", "sum(range(10**6)); raise SystemExit(3)"]
    assert subprocess.run([python, *command], check=False).returncode == 3
    (line,) = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    assert line["command"] == [sys.executable, *command]
    assert 0 < line["cpu"] < 60
    assert line["seconds"] > 0
    assert line["memory"] > 1


def test_means_over_the_draws():
    drawn = pd.DataFrame(
        {"characters": [3000, 3000, 5000], "seconds": [40, 30, 50], "nats": [1.0, 2.0, 3.0], "gpt": ["2.5", "", ""]}
    )
    text = table.means(drawn, "characters", {"nats": "text model", "gpt": "GPT", "xz": "xz", "seconds": "s"})
    assert "| Characters | Draws | text model | GPT | s |" in text
    assert "| 3,000 | 2 | 1.5 ± 0.71 | 2.5 | 30 |" in text
    assert "| 5,000 | 1 | 3 |  | 50 |" in text


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
