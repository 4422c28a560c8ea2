"""What a sweep's file may say, and the names it gives."""

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.core.errors import StageError
from sweeps import declaration
from sweeps.__main__ import parser
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
    assert written(value, workdir) == value


def written(value, folder):
    """The value that `dvc exp run` writes into params.yaml."""
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides
    from dvc.utils.serialize import load_yaml

    experiment = declaration.Experiment("g", {"section.key": value}, 7, ("target",), "hash")
    overrides = [part for part in experiment.arguments if "=" in part and not part.startswith("seed")]
    (folder / "params.yaml").write_text("seed: 1\nsection:\n  key: 0\n", encoding="utf-8")
    apply_overrides(folder / "params.yaml", to_path_overrides(overrides)["params.yaml"])
    return load_yaml(folder / "params.yaml")["section"]["key"]


TEXT = st.text(max_size=8) | st.text(alphabet="$?{}[]'\"\\:,= \n\tabc0.~#&*!|>%@`-", max_size=8)


@given(value=st.recursive(TEXT, lambda part: st.lists(part, max_size=3), max_leaves=3))
@example(value="a\\")
@example(value="a\\\n")
@example(value="${oc.env:HOME}")
@example(value=["???"])
@example(value="a\x85b")
def test_a_text_means_itself_or_is_refused(value, tmp_path_factory):
    try:
        group = declaration.Group(name="a", params={"k": [value]}, seeds=[1], targets=["x"], metrics=["x.y"])
    except ValidationError as error:
        assert "means itself" in str(error)
        return
    (setting,) = group.settings()
    assert written(setting["k"], tmp_path_factory.getbasetemp()) == value


@given(value=TEXT | st.floats(allow_nan=False), target=st.sampled_from(["train", "a.b"]))
@example(value="a..b", target="train")
@example(value=".lock", target="train")
def test_a_name_is_one_for_git(value, target):
    from dulwich.refs import check_ref_format

    name = declaration.Experiment("g", {"k": value}, 7, (target,), "hash").name
    assert check_ref_format(f"refs/exps/{name}".encode())


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
        ("    latent: [16, 32]", "    latent: []", "it should have a value for latent"),
        ("    latent: [16, 32]", "    data.text: '${oc.env:HOME}'", "DVC changes '${oc.env:HOME}'"),
        ("    latent: [16, 32]", "    data.text: [a, 'b${seed}']", "DVC changes 'b${seed}'"),
        ("seeds: [7, 8]", f"seeds: {list(range(5_000))}", "at most 1,000 experiments, and has 10,002"),
        ("autoencoder.mse,", "autoencoder.pca,", "pca of metrics/autoencoder.json is not a number; it has mse"),
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


def test_a_sweep_of_the_largest_size_is_checked_in_seconds(project):
    project.write("sweeps/small.yaml", SWEEP.replace("[7, 8]", str(list(range(332))), 1))
    started = time.monotonic()
    assert len(declaration.load("sweeps/small.yaml").experiments) == 666
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("jobs", ["0", "-1", "1.5", "many", ""])
def test_a_number_of_jobs_is_at_least_one(project, jobs, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["run", "sweeps/small.yaml", "--jobs", jobs])
    assert ended.value.code == 2
    assert "is not a number from 1 to 9999" in capsys.readouterr().err.splitlines()[-1]


def test_a_wrong_option_ends_the_command_with_status_2(project):
    result = project.sweeps("run", "sweeps/small.yaml", "--jobs", "0")
    assert result.returncode == 2
    assert "'0' is not a number from 1 to 9999" in result.stderr.splitlines()[-1]
