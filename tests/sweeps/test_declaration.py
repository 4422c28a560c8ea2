"""What a sweep's file may say, and the names it gives."""

import pytest

from stages.core import artifacts
from stages.core.errors import StageError
from sweeps import declaration
from tests.conftest import REPOSITORY
from tests.sweeps.conftest import SWEEP


def test_names_follow_the_content_and_nothing_else(project):
    names = list(dict.fromkeys(one.name for one in declaration.load("sweeps/small.yaml").experiments))
    assert len(names) == 6
    assert names[0].startswith("evaluate-autoencoder-latent-16-seed-7-")

    # A longer sweep keeps the names it had, whatever its groups are called; a commit outside the pipeline changes none.
    project.write("sweeps/small.yaml", SWEEP.replace("[7, 8]", "[7, 8, 9]").replace("name: size", "name: other"))
    project.write("README.md", "A new file")
    project.commit("More seeds")
    longer = declaration.load("sweeps/small.yaml")
    assert set(names) < {one.name for one in longer.experiments}

    project.write("work.py", project.read("work.py") + "# another program\n")
    with pytest.raises(StageError, match=r"^work\.py is not as committed; a sweep is of a commit: commit it"):
        declaration.load("sweeps/small.yaml")
    project.commit("Code")
    changed = declaration.load("sweeps/small.yaml")
    assert {one.name for one in changed.experiments}.isdisjoint(names)
    assert longer.commit != changed.commit == project.succeed("git", "rev-parse", "HEAD").strip()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds: [7, 8]", "seed: [7, 8]", "unknown key groups.0.seed; did you mean seeds?"),
        ("latent: [16, 32]", "latent: [0]", "latent is 0; it should be greater than or equal to 1"),
        ("latent: [16, 32]", "latnet: [1]", "group size: params.yaml has no latnet; did you mean latent?"),
        ("evaluate-autoencoder]", "evaluate]", "dvc.yaml has no stage evaluate"),
        ("autoencoder.mse,", "autoencoder.mes,", "metrics/ has no number autoencoder.mes; did you mean"),
    ],
)
def test_a_mistake_is_told_in_a_line_that_names_it(project, old, new, told):
    assert old in SWEEP
    project.write("sweeps/small.yaml", SWEEP.replace(old, new, 1))
    with pytest.raises(StageError) as error:
        declaration.load("sweeps/small.yaml")
    lines = str(error.value).splitlines()
    assert all(line.startswith("sweeps/small.yaml") for line in lines)
    assert any(told in line for line in lines), lines
    assert len(lines) <= 2


def test_the_default_sweep_fits_the_pipeline(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    content = artifacts.read_yaml("sweeps/default.yaml")
    _, stages = declaration.pipeline()
    for group in declaration.Declaration.model_validate(content).groups:
        assert len(group.seeds) == 3
        declaration.check("sweeps/default.yaml", group, stages)
