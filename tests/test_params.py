import copy

import pytest
import yaml

from stages.core.errors import StageError
from stages.params import load

SIZE = {
    "characters": 0, "units": [4], "dropout": 0.1, "sharpness": 1.0, "optimizer": "adam", "steps": 9,
    "batch": 2, "passage": 1, "learning_rate": 0.1,
}  # fmt: skip


MISSING = object()


def set_key(content: dict, key: str, value: object) -> dict:
    """The content with another value of one key, or without it."""
    content = copy.deepcopy(content)
    *path, last = key.split(".")
    section = content
    for part in path:
        section = section[part]
    section[last] = value
    if value is MISSING:
        del section[last]
    return content


def leaves(content: dict, prefix: str = ""):
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def write(path, content) -> None:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def message(path) -> str:
    """What is told of a bad file: a line for each mistake."""
    with pytest.raises(StageError) as caught:
        load(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("latent", 0, "latent is 0; it should be greater than or equal to 1"),
        ("latent", "many", "latent is 'many'; it should be a valid integer"),
        ("split.digits.test", float("nan"), "split.digits.test is nan; it should be a finite number"),
        ("textgen.documents.test", ["Twelfth Night"], "under validation and under test: Twelfth Night"),
        ("textgen.sizes", [SIZE | {"characters": 5}], "begin with 0 and rise"),
        ("autoencoder.training.steps", 1, "it should have at least as many steps as epochs"),
    ],
)
def test_a_bad_value_is_told_in_one_line(tmp_path, content, key, value, told):
    write(tmp_path / "params.yaml", set_key(content, key, value))
    line = message(tmp_path / "params.yaml")
    assert told in line
    assert len(line.splitlines()) == 1


def test_every_bad_value_is_told_at_once(tmp_path, content):
    write(tmp_path / "params.yaml", set_key(set_key(content, "latent", 0), "seed", -1))
    assert len(message(tmp_path / "params.yaml").splitlines()) == 2


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("latnt", "unknown key latnt; did you mean latent?"),
        ("autoencoder.training.qqqq", "unknown key autoencoder.training.qqqq; known here: steps, epochs"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_ones(tmp_path, content, key, told):
    write(tmp_path / "params.yaml", set_key(content, key, 1))
    assert told in message(tmp_path / "params.yaml")


def test_every_key_is_required(tmp_path, content):
    for key in leaves(content):
        write(tmp_path / "params.yaml", set_key(content, key, MISSING))
        assert f"{key} is missing" in message(tmp_path / "params.yaml")
