"""A sweep through DVC's own queue, on the tiny project."""

import json
import os
import signal

import pandas as pd
import pytest

from tests.sweeps.conftest import Project, left_running, wait_for

RUN = ("run", "sweeps/small.yaml", "--jobs", "2")


def test_a_sweep_runs_what_is_missing_and_tells_mean_and_spread(project):
    told = project.sweeps(*RUN)
    assert told.returncode == 0, told.stderr
    assert "6 experiments, 0 of them already finished" in told.stderr
    assert "0 running, 6 done, 0 failed, 0 waiting" in told.stderr
    trees = project.trees()
    assert len(trees) == 6
    # Seed 7 is the committed one: its sizes are known; for seed 8 they are made once, for both latents and no text.
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


def test_a_failed_experiment_is_told_and_stops_no_other(project):
    project.write("sweeps/small.yaml", project.read("sweeps/small.yaml").replace("[16, 32]", "[13, 16]"))
    told = project.sweeps(*RUN)
    assert told.returncode == 1
    assert "4 done, 2 failed" in told.stderr
    failed = [line for line in told.stderr.splitlines() if line.startswith("failed: ") and "log" in line]
    assert len(failed) == 2
    assert "latent 13 is out of luck" in told.stderr
    log = failed[0].rsplit(": ", 1)[1]
    assert "Running stage 'train'" in project.read(log)
    assert len(project.trees()) == 4
    assert left_running(project.folder) == []

    # Once mended, the failed ones alone are run.
    (project.folder / "work.py").write_text(project.read("work.py").replace("== 13", "== 1313"), encoding="utf-8")
    told = project.sweeps(*RUN)
    assert told.returncode == 1
    assert told.stderr == "error: work.py is not as committed; a sweep is of a commit: commit it, or git stash\n"


def strike(project: Project, sign: signal.Signals) -> None:
    """Start the sweep, send it a signal in the middle of a training, and see that nothing is left."""
    (project.marks / "wait").touch()
    process = project.start(*RUN)
    wait_for(lambda: any(run.startswith("train-") for run in project.runs()))
    os.killpg(process.pid, sign)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.endswith("stopped; run the sweep again to continue\n")
    wait_for(lambda: left_running(project.folder) == [], seconds=15)
    assert "Queued" not in project.succeed("dvc", "queue", "status")
    (project.marks / "wait").unlink()


def test_ctrl_c_leaves_nothing_running_and_the_next_run_goes_on(project):
    strike(project, signal.SIGINT)
    told = project.sweeps(*RUN)
    assert told.returncode == 0, told.stderr
    assert len(project.trees()) == 6


def test_sigterm_does_as_ctrl_c(project):
    strike(project, signal.SIGTERM)


def test_a_worker_that_is_killed_takes_its_own_experiment_with_it_and_no_other(project):
    (project.marks / "wait").touch()
    process = project.start("run", "sweeps/three.yaml", "--jobs", "1")
    wait_for(lambda: any(run.startswith("train-") for run in project.runs()))
    (worker,) = project.folder.glob(".dvc/tmp/exps/celery/dvc-exp-worker-*.pid")
    os.killpg(os.getpgid(int(worker.read_text(encoding="utf-8"))), signal.SIGKILL)
    (project.marks / "wait").unlink()
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 1, stderr
    assert "2 done, 1 failed" in stderr
    assert left_running(project.folder) == []


def test_the_queue_is_not_taken_from_its_owner(project):
    project.succeed("dvc", "exp", "run", "--queue", "--name", "mine", "--set-param", "latent=20", "train")
    told = project.sweeps(*RUN)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("error: DVC's queue holds mine, not of this sweep")
    assert "mine" in project.succeed("dvc", "queue", "status")
