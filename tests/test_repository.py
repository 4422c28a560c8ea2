"""What must not be committed."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def tracked() -> dict[str, bytes]:
    """Content of every tracked file."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout.decode()
    return {
        name: (REPOSITORY / name).read_bytes() for name in names.split("\0") if name and (REPOSITORY / name).is_file()
    }


def test_no_registry_host_is_named(tracked):
    # Written so that this file does not name them either.
    hosts = re.compile(rb"py[p]i\.org|python[h]osted|registry\.npm[j]s|deb\.deb[i]an")
    assert [name for name, content in tracked.items() if hosts.search(content)] == []


def test_no_data_and_no_model_is_committed(tracked):
    assert [name for name in tracked if name.startswith(("data/", "models/", ".venv/"))] == []
    assert [name for name in tracked if name.endswith((".npz", ".keras", ".h5", ".pkl", ".gz", ".whl"))] == []
    assert max(map(len, tracked.values())) < 1_500_000


def test_nothing_unpickles(tracked):
    banned = re.compile(
        rb"allow_pickle=[T]rue|import [p]ickle\b|import [j]oblib|pickle\.[l]oad|read_[p]ickle|safe_mode=[F]alse"
    )
    assert [name for name, content in tracked.items() if name.endswith(".py") and banned.search(content)] == []


def test_every_action_is_named_by_its_commit():
    workflows = sorted((REPOSITORY / ".github" / "workflows").glob("*.y*ml"))
    uses = [line for path in workflows for line in re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("requirements-*.txt")), ids=lambda path: path.name)
def test_a_further_lock_lists_only_what_it_adds_and_agrees_with_the_others(path):
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert pins(path)
    assert not pins(path).keys() & pins(REPOSITORY / "requirements.txt").keys()
    assert path.read_text(encoding="utf-8").count("--hash=sha256:") >= len(pins(path))
    for other in REPOSITORY.glob("requirements-*.txt"):
        if path.stem != "requirements-bench" != other.stem:  # which has an environment of its own
            common = pins(path).keys() & pins(other).keys()
            assert {name: pins(path)[name] for name in common} == {name: pins(other)[name] for name in common}
