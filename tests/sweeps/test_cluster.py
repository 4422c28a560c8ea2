"""A sweep on a Ray cluster of two nodes of this machine, each with folders of its own, on the tiny project."""

import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.core.errors import StageError
from sweeps import cluster
from tests.conftest import REPOSITORY
from tests.sweeps.conftest import Project, left_running, share, wait_for

pytestmark = pytest.mark.ray
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs requirements-ray.txt")
RUN = ("run", "sweeps/three.yaml")
OTHER = ("run", "sweeps/small.yaml")  # of which the tests run nothing


class Nodes:
    """A Ray cluster; every node keeps its clones and cache in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = cluster_utils.Cluster()
        self.nodes: dict[str, object] = {}

    def add(self, name: str, marks: Path) -> Path:
        folder = self.folder / name
        environment = {"REPRISE_SWEEPS": str(folder), "MARKS": str(marks), "PYTHONPATH": str(REPOSITORY)}
        self.nodes[name] = self.cluster.add_node(
            num_cpus=2, include_dashboard=False, object_store_memory=80 * 2**20, env_vars=environment
        )
        return folder

    def kill(self, name: str) -> None:
        self.cluster.remove_node(self.nodes.pop(name), allow_graceful=False)


@pytest.fixture(scope="module")
def shared(finished, tmp_path_factory) -> Iterator[Project]:
    """The tiny project, with its commit on a Git remote and its outputs on a DVC remote."""
    project = Project(finished.copy(tmp_path_factory.mktemp("cluster") / "project").folder)
    project.marks.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARKS", str(project.marks))
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        share(project)
        yield project


@pytest.fixture(scope="module")
def nodes(shared) -> Iterator[Nodes]:
    """A cluster of one node."""
    nodes = Nodes(shared.folder.parent / "nodes")
    nodes.add("first", shared.marks)
    yield nodes
    nodes.cluster.shutdown()


@pytest.fixture
def copy(shared, tmp_path, monkeypatch) -> Project:
    """A copy of the shared project with the same remotes, the current folder, to be spoilt."""
    folder = shared.folder.parent / tmp_path.name
    monkeypatch.chdir(shared.copy(folder).folder)
    return Project(folder)


def trainings(project: Project) -> int:
    """How many trainings have begun, on any node."""
    return sum(run.startswith("train-") for run in project.runs())


def clone_of(shared: Project, name: str) -> Project:
    """Another person's checkout of the same commit, with the same remotes."""
    shared.succeed("git", "clone", "--quiet", "../remote.git", f"../{name}")
    clone = Project(shared.folder.parent / name)
    clone.succeed("git", "remote", "set-url", "origin", "../remote.git")
    for key in ("name", "email"):
        clone.succeed("git", "config", f"user.{key}", shared.succeed("git", "config", f"user.{key}").strip())
    return clone


def test_ctrl_c_leaves_no_task_and_no_process(shared, nodes):
    (shared.marks / "wait").touch()
    process = shared.start(*RUN, "--ray", nodes.cluster.address)
    wait_for(lambda: trainings(shared) == 1, process=process)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.endswith("stopped; run the sweep again to continue\n")
    wait_for(lambda: left_running(nodes.folder) == [], seconds=15)
    assert list((nodes.folder / "first").glob("experiment-*")) == []


@pytest.mark.long
def test_a_node_is_killed_and_nothing_is_lost(shared, nodes):
    folders = [nodes.folder / "first", nodes.add("second", shared.marks)]
    address = nodes.cluster.address
    # What the local queue makes of the same sweep, in a copy whose stages leave their marks elsewhere; meanwhile.
    alone = Project(shared.copy(shared.folder.parent / "alone" / "project").folder)
    alone.marks.mkdir()
    queue = alone.start(*RUN)

    (shared.marks / "wait").touch()
    before = trainings(shared)
    process = shared.start(*RUN, "--ray", address)
    wait_for(lambda: trainings(shared) == before + 2, seconds=120, process=process)
    assert all(list(folder.glob("experiment-*")) for folder in folders)  # one experiment on each node
    nodes.kill("second")
    wait_for(lambda: left_running(folders[1]) == [], seconds=15)
    (shared.marks / "wait").unlink()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert "3 done, 0 failed" in stderr
    assert trainings(shared) == before + 3  # one of them again
    _, stderr = queue.communicate(timeout=300)
    assert queue.returncode == 0, stderr
    # Every byte that Git holds of an experiment: params, lock file with the hashes of all outputs, metrics.
    assert shared.trees() == alone.trees()
    assert left_running(nodes.folder) == []

    # On another's machine they are experiments as any other; what the remotes know is not run again.
    other = clone_of(shared, "other")
    before = other.runs()
    assert other.sweeps(*RUN, "--ray", address).returncode == 0
    assert other.trees() == alone.trees()
    name = next(name for name in alone.trees() if "latent-16" in name)
    other.succeed("dvc", "exp", "apply", name)
    assert other.read("models/model.txt") == "0.5"
    # Two that the Git remote has lost are made of the outputs on the DVC remote.
    refs = shared.succeed("git", "ls-remote", "origin", "refs/exps/*").split()[1::2]
    lost = [f":{ref}" for ref in refs if "latent-16" not in ref]
    assert len(lost) == 2
    shared.succeed("git", "push", "--quiet", "origin", *lost)
    shared.succeed("dvc", "exp", "remove", "--all-commits")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    assert shared.sweeps(*RUN, "--ray", address).returncode == 0
    assert shared.trees() == alone.trees()
    assert other.runs() == before


def test_a_cluster_that_asks_for_a_token_is_a_line(copy, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        result = copy.sweeps(*OTHER, "--ray", address, HOME=str(tmp_path), RAY_AUTH_MODE="token")
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"error: no Ray cluster at {address}: Token authentication is enabled but no")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("git", "remote", "remove", "origin"), "git remote get-url: No such remote 'origin'"),
        (("git", "remote", "set-url", "origin", "/nowhere"), "git fetch --quiet: "),
        (("git", "commit", "--allow-empty", "-m", "x"), "the Git remote origin does not have commit "),
        (("dvc", "remote", "remove", "shared"), "DVC has no default remote: dvc remote add --default "),
        (("dvc", "remote", "modify", "shared", "url", "../x"), "the DVC remote shared has a relative path: "),
        (("dvc", "remote", "modify", "shared", "url", "/proc/no"), "the DVC remote shared cannot be written: "),
        (("dvc", "remote", "modify", "shared", "url", "s3://x/y"), "the DVC remote shared cannot be written: "),
    ],
    ids=[
        "no Git remote",
        "it is not there",
        "not pushed",
        "no DVC remote",
        "relative",
        "read-only",
        "no dvc-s3",
    ],
)
def test_what_is_wrong_with_the_remotes_is_told(copy, spoil, told):
    copy.succeed(*spoil)
    with pytest.raises(StageError, match=f"^{re.escape(told)}"):
        cluster.checked_remotes("origin", None)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("git", "remote", "remove", "origin"), "error: git remote get-url: No such remote 'origin'"),
        (("true",), "error: no Ray cluster at 127.0.0.1:1: "),
    ],
    ids=["no Git remote", "no cluster"],
)
def test_a_mistake_is_a_line_before_the_first_task(copy, spoil, told):
    before = copy.runs()
    copy.succeed(*spoil)
    result = copy.sweeps(*OTHER, "--ray", "127.0.0.1:1")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(told), result.stderr
    assert "Traceback" not in result.stderr
    assert copy.runs() == before
