"""What a sweep's file may say, and the names it gives."""

import pytest
import yaml

from stages.core.errors import StageError
from sweeps import declaration
from tests.conftest import REPOSITORY
from tests.sweeps.conftest import SWEEP


def test_names_follow_the_content_and_nothing_else(project):
    names = [experiment.name for experiment in declaration.load("sweeps/small.yaml").experiments]
    assert len(set(names)) == len(names) == 6
    assert names[0].startswith("evaluate-autoencoder-latent-16-seed-7-")

    # A longer sweep keeps the names it had, whatever its groups are called; a commit outside the pipeline changes none.
    project.write("sweeps/small.yaml", SWEEP.replace("[7, 8]", "[7, 8, 9]").replace("name: size", "name: other"))
    project.write("README.md", "A new file")
    project.commit("More seeds")
    longer = declaration.load("sweeps/small.yaml")
    assert set(names) < {experiment.name for experiment in longer.experiments}

    project.write("work.py", project.read("work.py") + "# another program\n")
    project.commit("Code")
    changed = declaration.load("sweeps/small.yaml")
    assert {experiment.name for experiment in changed.experiments}.isdisjoint(names)
    assert longer.commit != changed.commit == project.succeed("git", "rev-parse", "HEAD").strip()


def test_the_grid_is_every_combination_for_every_seed():
    group = declaration.Group(
        name="a",
        params={"latent": [16, 32], "denoiser.noise_std": 0.3, "denoiser.conv.channels": [[8, 16], [24, 48]]},
        seeds=[1],
        targets=["x"],
        metrics=["x.y"],
    )
    settings = list(group.settings())
    assert len(settings) == 4
    assert settings[1] == {"latent": 16, "denoiser.noise_std": 0.3, "denoiser.conv.channels": [24, 48]}


@pytest.mark.parametrize(
    "value",
    [
        3,
        0.5,
        1e-05,
        True,
        None,
        [24, 48],
        [],
        "a b",
        "it's",
        'a "b"',
        "back\\slash",
        "HAMLET:\n",
        "a=b",
        "1",
        "x,y",
        "é",
    ],
)
def test_a_value_reaches_params_yaml_as_it_is(value, workdir):
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides
    from dvc.utils.serialize import load_yaml

    experiment = declaration.Experiment("g", {"section.key": value}, 7, ("target",), "hash")
    overrides = [part for part in experiment.arguments if "=" in part and not part.startswith("seed")]
    (workdir / "params.yaml").write_text("seed: 1\nsection:\n  key: 0\n", encoding="utf-8")
    apply_overrides("params.yaml", to_path_overrides(overrides)["params.yaml"])
    assert load_yaml("params.yaml")["section"]["key"] == value


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds: [7, 8]", "seed: [7, 8]", "unknown key groups.0.seed; did you mean seeds?"),
        ("seeds: [7, 8]", "seeds: [7, 7]", "it should have no seed twice"),
        ("seeds: [7, 8]", "seeds: [-1]", "groups.0.seeds.0 is -1; it should be greater than or equal to 0"),
        ("    latent: [16, 32]", "    latent: [0]", "latent is 0; it should be greater than or equal to 1"),
        ("    latent: [16, 32]", "    latnet: [1]", "group size: params.yaml has no latnet; did you mean latent?"),
        ("    latent: [16, 32]", "    latent: [16, 16]", "evaluate-autoencoder-latent-16-seed-7-"),
        ("    latent: [16, 32]", "    seed: [1]", "it should have its seeds under `seeds`, not among the params"),
        ("evaluate-autoencoder]", "evaluate]", "dvc.yaml has no stage evaluate"),
        ("autoencoder.mse,", "autoencoder.mes,", "metrics/autoencoder.json has no mes; did you mean mse?"),
        ("autoencoder.mse,", "autoencodre.mse,", "metrics/autoencodre.json does not exist"),
        ("- name: text", "- name: size", "it should have no name of a group twice"),
        ("groups:", "group:", "groups is missing"),
        ("groups:", "groups: [", "is not YAML"),
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


def test_no_file_and_no_repository_are_told(project, tmp_path, monkeypatch):
    with pytest.raises(StageError, match=r"absent\.yaml does not exist or is empty"):
        declaration.load("absent.yaml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    with pytest.raises(StageError, match="dvc: you are not inside of a DVC repository"):
        declaration.load("sweep.yaml")


def test_the_default_sweep_is_the_one_that_the_readme_tells_of(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    content = yaml.safe_load((REPOSITORY / "sweeps/default.yaml").read_text(encoding="utf-8"))
    groups = {group["name"]: group for group in content["groups"]}
    assert groups["autoencoder"]["params"] == {"latent": [16, 32, 64]}
    assert groups["denoiser"]["params"] == {"denoiser.noise_std": [0.3, 0.5, 0.7]}
    assert all(len(group["seeds"]) == 3 for group in groups.values())
    _, stages = declaration.pipeline()
    for group in declaration.Declaration.model_validate(content).groups:
        declaration.check("sweeps/default.yaml", group, stages)
