"""Sweeps on Ray, on the tiny project: on this machine, and on a cluster of two nodes that see the same folder."""

import json
import os
import shutil
import signal
from collections.abc import Iterator

import pandas as pd
import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.project import left_running
from tests.sweeps.conftest import Project, wait_for

pytestmark = pytest.mark.ray
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs requirements-ray.txt")
SWEEPS = ("python", "-m", "sweeps")
RUN = ("run", "sweeps/small.yaml", "--jobs", "2")


def trainings(project: Project) -> int:
    """How many trainings have begun, on any node."""
    return sum(run.startswith("train-") for run in project.runs())


@pytest.mark.long
def test_a_stopped_sweep_leaves_nothing_running_and_the_next_runs_what_is_missing(project):
    (project.marks / "wait").touch()
    for sign in (signal.SIGTERM, signal.SIGINT):
        before = trainings(project)
        process = project.start(*SWEEPS, *RUN)
        wait_for(lambda before=before: trainings(project) == before + 2, process)
        os.killpg(process.pid, sign)
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 130, stderr
        wait_for(lambda: left_running(project.folder) == [])
        assert project.trees() == {}
        assert project.succeed("git", "status", "--porcelain") == ""
        assert list(project.folder.glob(".dvc/tmp/sweep-*")) == []
    (project.marks / "wait").unlink()

    told = project.sweeps(*RUN)
    assert told.returncode == 0, told.stderr
    assert "6 experiments, 0 of them already finished" in told.stderr
    assert "[6/6] done: " in told.stderr
    trees = project.trees()
    assert len(trees) == 6
    # Seed 7 is the committed one: its sizes are known. What was made before the signals is not made again.
    assert not [run for run in project.runs() if run.startswith("sizes-7")]
    assert [run for run in project.runs() if run.startswith("textgen")] == ["textgen-8-32"]
    wait_for(lambda: left_running(project.folder) == [])

    rows = pd.read_csv(project.folder / "sweeps/results/small.csv").set_index(["params", "metric"])
    row = rows.loc[(json.dumps({"latent": 16}), "autoencoder.mse")]
    assert (row["mean"], row["runs"]) == (pytest.approx(7.5 / 16), 2)
    assert row["std"] == pytest.approx(0.5**0.5 / 16, rel=1e-5)  # of a sample: √(2 · 0.5² / 1) apart from the 16
    assert row["commit"] == project.succeed("git", "log", "-1", "--format=%H", "--", "work.py").strip()
    assert "| text | as committed | `textgen.nats` | 7.50 ± 0.71 | 2 |" in project.read("sweeps/results/small.md")
    results = {path: path.read_bytes() for path in project.folder.glob("sweeps/results/*")}
    assert len(results) == 3

    # The same again, also after a commit of what no stage depends on: nothing is run, and the same bytes are written.
    before = project.runs()
    project.commit("The table")
    told = project.sweeps(*RUN)
    assert "6 experiments, 6 of them already finished" in told.stderr
    assert (project.runs(), project.trees()) == (before, trees)
    assert {path: path.read_bytes() for path in results} == results

    # They are experiments as any other; comments of params.yaml stay.
    name = next(name for name in trees if "latent-16-seed-8" in name)
    assert name in project.succeed("dvc", "exp", "show", "--all-commits", "--csv")
    project.succeed("dvc", "exp", "apply", name)
    assert json.loads(project.read("metrics/autoencoder.json"))["mse"] == 0.5
    assert project.read("models/model.txt") == "0.5"
    changed = project.succeed("git", "diff", "--unified=0", "HEAD", "--", "params.yaml")
    assert changed.count("\n-") - 1 == changed.count("\n+") - 1 == 2  # besides the two file names


def test_an_experiment_that_fails_or_loses_its_worker_stops_no_other(project):
    """The first one's worker is killed while it trains, and it runs again; the second one fails."""
    project.write("sweeps/three.yaml", project.read("sweeps/three.yaml").replace("[16, 32]", "[16, 13]"))
    (project.marks / "wait").touch()
    process = project.start(*SWEEPS, "run", "sweeps/three.yaml", "--jobs", "1")
    wait_for(lambda: trainings(project) == 1, process)
    processes = psutil.Process(process.pid).children(recursive=True)
    (worker,) = [one for one in processes if " ".join(one.cmdline()).startswith("ray::run")]
    worker.kill()
    (project.marks / "wait").unlink()
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 1, stderr
    assert stderr.splitlines()[-1] == "1 failed; run the sweep again to retry them"
    (failed,) = [line for line in stderr.splitlines() if line.startswith("failed: ")]
    assert "latent-13" in failed
    assert "latent 13 is out of luck" in stderr
    assert "Running stage 'train'" in project.read(failed.rsplit(": ", 1)[1])
    assert sorted(name.split("-seed")[0] for name in project.trees()) == [
        "evaluate-autoencoder-latent-16",
        "evaluate-textgen",
    ]
    wait_for(lambda: left_running(project.folder) == [])


@pytest.fixture
def cluster(project, monkeypatch) -> Iterator[cluster_utils.Cluster]:
    """A cluster of one node."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = cluster_utils.Cluster()
    add_node(cluster, project)
    yield cluster
    cluster.shutdown()


def add_node(cluster: cluster_utils.Cluster, project: Project) -> object:
    variables = {"MARKS": str(project.marks), "PYTHONPATH": str(REPOSITORY)}
    options = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": 80 * 2**20}
    return cluster.add_node(env_vars=variables, **options)


@pytest.mark.long
def test_a_node_is_killed_and_nothing_is_lost(project, cluster):
    second = add_node(cluster, project)
    alone = Project(shutil.copytree(project.folder, project.folder.parent / "alone"))
    (project.marks / "wait").touch()
    process = project.start(*SWEEPS, "run", "sweeps/three.yaml", "--ray", cluster.address)
    wait_for(lambda: trainings(project) == 2, process)  # one experiment on each node
    cluster.remove_node(second, allow_graceful=False)
    (project.marks / "wait").unlink()
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 0, stderr
    assert "[3/3] done: " in stderr
    assert trainings(project) in (2, 3)  # again, or from the cache, if the lost worker's stage still came to its end
    # But for the cluster itself, which the fixture ends.
    wait_for(lambda: [line for line in left_running(project.folder) if "ray" not in line] == [])
    # On one machine: the same bytes of all that Git holds: params, lock file with the hashes of all outputs, metrics.
    assert alone.sweeps("run", "sweeps/three.yaml").returncode == 0
    assert alone.trees() == project.trees()


def test_an_address_without_a_cluster_is_a_line(project):
    result = project.sweeps("run", "sweeps/three.yaml", "--ray", "127.0.0.1:1")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: no Ray cluster at 127.0.0.1:1: ")
    assert project.runs() == []
