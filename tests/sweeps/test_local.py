"""A sweep through DVC's own queue, on the tiny project."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.sweeps.conftest import Project, left_running, wait_for

RUN = ("run", "sweeps/small.yaml", "--jobs", "2")


def trainings(project: Project) -> int:
    """How many trainings have begun."""
    return sum(run.startswith("train-") for run in project.runs())


def workers(project: Project) -> list[Path]:
    """Files with the numbers of the queue's workers."""
    return list(project.folder.glob(".dvc/tmp/exps/celery/dvc-exp-worker-*.pid"))


def strike(project: Project, sign: signal.Signals, when: Callable[[Project], int]) -> None:
    """Start the sweep, send it a signal when there are two of something, and see that nothing is left."""
    (project.marks / "wait").touch()
    process = project.start(*RUN)
    wait_for(lambda: when(project) == 2, process=process)
    os.killpg(process.pid, sign)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.endswith("stopped; run the sweep again to continue\n")
    wait_for(lambda: left_running(project.folder) == [], seconds=15)
    assert "No experiment tasks in the queue" in project.succeed("dvc", "queue", "status")
    assert project.trees() == {}
    assert project.succeed("git", "status", "--porcelain") == ""
    (project.marks / "wait").unlink()


@pytest.mark.long
def test_a_stopped_sweep_leaves_nothing_running_and_the_next_runs_what_is_missing(project):
    strike(project, signal.SIGTERM, lambda project: len(workers(project)))  # as soon as they start
    strike(project, signal.SIGINT, trainings)
    told = project.sweeps(*RUN)
    assert told.returncode == 0, told.stderr
    assert "6 experiments, 0 of them already finished" in told.stderr
    assert "0 running, 6 done, 0 failed, 0 waiting" in told.stderr
    trees = project.trees()
    assert len(trees) == 6
    # Seed 7 is the committed one: its sizes are known; for seed 8 they are made once, for both latents and no text;
    # what was made before the signals is not made again.
    assert [run for run in project.runs() if run.startswith("sizes")] == ["sizes-8-16"]
    assert [run for run in project.runs() if run.startswith("textgen")] == ["textgen-8-32"]
    assert left_running(project.folder) == []
    assert project.succeed("git", "status", "--porcelain", "--untracked-files=no") == ""

    rows = pd.read_csv(project.folder / "sweeps/results/small.csv").set_index(["params", "metric"])
    row = rows.loc[(json.dumps({"latent": 16}), "autoencoder.mse")]
    assert (row["mean"], row["runs"]) == (pytest.approx(7.5 / 16), 2)
    assert row["std"] == pytest.approx(0.5**0.5 / 16, rel=1e-5)  # of a sample: √(2 · 0.5² / 1) apart from the 16
    assert row["commit"] == project.succeed("git", "rev-parse", "HEAD").strip()
    table = project.read("sweeps/results/small.md")
    assert "| text | as committed | `textgen.nats` | 7.50 ± 0.71 | 2 |" in table
    assert (project.folder / "sweeps/results/small.png").read_bytes().startswith(b"\x89PNG")

    # The same again, also after a commit of what no stage depends on: nothing is run.
    before = project.runs()
    project.commit("The table")
    told = project.sweeps(*RUN)
    assert "6 experiments, 6 of them already finished" in told.stderr
    assert (project.runs(), project.trees()) == (before, trees)
    assert project.succeed("git", "status", "--porcelain") == ""

    # They are experiments as any other.
    name = next(name for name in trees if "latent-16-seed-8" in name)
    assert name in project.succeed("dvc", "exp", "show", "--all-commits", "--csv")
    project.succeed("dvc", "exp", "apply", name)
    assert json.loads(project.read("metrics/autoencoder.json"))["mse"] == 0.5
    assert project.read("models/model.txt") == "0.5"


def test_an_experiment_that_fails_or_loses_its_worker_stops_no_other(project):
    """The first one's worker is killed while it trains, the second one fails, the third one succeeds."""
    project.write("sweeps/three.yaml", project.read("sweeps/three.yaml").replace("[16, 32]", "[16, 13]"))
    (project.marks / "wait").touch()
    process = project.start("run", "sweeps/three.yaml", "--jobs", "1")
    wait_for(lambda: trainings(project) == 1, process=process)
    (worker,) = workers(project)
    os.killpg(os.getpgid(int(worker.read_text(encoding="utf-8"))), signal.SIGKILL)
    (project.marks / "wait").unlink()
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 1, stderr
    assert "1 done, 2 failed" in stderr
    assert stderr.splitlines()[-1] == "2 failed; run the sweep again to retry them"
    # Sorted: one look at the queue may find both failed.
    failed = sorted(line for line in stderr.splitlines() if line.startswith("failed: ") and "log" in line)
    assert ["latent-13" in failed[0], "latent-16" in failed[1], len(failed)] == [True, True, 2], failed
    assert "latent 13 is out of luck" in stderr
    assert "Running stage 'train'" in project.read(failed[0].rsplit(": ", 1)[1])
    (name,) = project.trees()
    assert name.startswith("evaluate-textgen-seed-8-")
    assert left_running(project.folder) == []

    # Once repaired, the failed ones alone are run: not before the code is committed.
    (project.folder / "work.py").write_text(project.read("work.py").replace("== 13", "== 1313"), encoding="utf-8")
    told = project.sweeps(*RUN)
    assert told.returncode == 1
    assert told.stderr == "error: work.py is not as committed; a sweep is of a commit: commit it, or git stash\n"


def test_the_queue_is_not_taken_from_its_owner(project):
    project.succeed("dvc", "exp", "run", "--queue", "--name", "mine", "--set-param", "latent=20", "train")
    told = project.sweeps(*RUN)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("error: DVC's queue holds mine, not of this sweep")
    assert "mine" in project.succeed("dvc", "queue", "status")
