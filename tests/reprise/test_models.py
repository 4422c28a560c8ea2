"""A model's file is all that a command needs, and one that is damaged, another's or inconsistent is one clear line."""

import json
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.params import load
from tests.conftest import REPOSITORY
from tests.reprise.conftest import SIZES, WORDS

COMMANDS = {
    "textgen": ["generate"],
    "sentiment": ["sentiment", "good"],
    "denoiser-conv": ["denoise", "in.png", "out.png"],
    "autoencoder": ["reconstruct", "--test", "1", "out.png"],
}
NETWORK = load(REPOSITORY / "params.yaml").sentiment.network.model_dump() | SIZES
OTHERS = "is not as its training wrote it; `dvc repro` trains it anew"
# Model, what its file carries instead, the message.
CHANGED = [
    ("sentiment", {"vocabulary": WORDS[:-1]}, OTHERS),
    ("sentiment", {"vocabulary": WORDS[::-1]}, OTHERS),
    ("sentiment", {"vocabulary": ["a", *WORDS[:-1]]}, OTHERS),
    ("sentiment", {"ngrams": np.arange(3)}, OTHERS),
    ("sentiment", {"ngrams": np.array("a")}, OTHERS),
    ("sentiment", {"thresholds": [{"threshold": 7.0}] * 9}, OTHERS),
    ("sentiment", {"network": NETWORK | {"vocabulary": 9}}, OTHERS),
    ("textgen", {"vocabulary": "ab"}, OTHERS),
    ("textgen", {"shape": {"vocabulary": 13, "embedding": 4, "units": [5, 5, 5]}}, OTHERS),
    ("autoencoder", {"digest": None}, OTHERS),
]
WRONG = [
    ("sentiment", {"vocabulary": [1, 2]}, "vocabulary.0 is 1"),
    ("sentiment", {"vocabulary": None}, "vocabulary is missing"),
    ("sentiment", {"thresholds": [{"threshold": "high"}]}, "thresholds.0.threshold is .high.; it should be"),
    ("sentiment", {"thresholds": []}, "thresholds is"),
    ("sentiment", {"network": NETWORK | {"pool": 0}}, "network.pool is 0; it should be"),
    ("textgen", {"shape": 3}, "shape is 3"),
    ("textgen", {"seed": -1}, "seed is -1; it should be"),
    ("denoiser-conv", {"seed": True}, "seed is True; it should be"),
    ("denoiser-conv", {"noise_std": float("nan")}, "noise_std is nan; it should be"),
    ("autoencoder", {"seed": None}, "seed is missing"),
]


@pytest.fixture
def refused(command, workdir):
    """Is a file as --model of a command told in one line?"""
    Image.fromarray(np.eye(30, dtype=np.uint8)).save(workdir / "in.png")

    def check(model: str, path: str | Path, message: str) -> None:
        with pytest.raises(StageError, match=message) as error:
            command(*COMMANDS[model], "--model", str(path))
        assert "\n" not in str(error.value)

    return check


def written(path: Path, carried: dict, *, digest: bool) -> None:
    """Write mine.keras: a model's archive that carries something else, with a `digest` made anew or the old one."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, value in carried.items():
        for suffix in ("npy", "json", "txt"):
            members.pop(f"{model_files.ATTACHED}/{name}.{suffix}", None)
        if isinstance(value, np.ndarray):
            members[f"{model_files.ATTACHED}/{name}.npy"] = artifacts.npy(value)
        elif value is not None:
            members[f"{model_files.ATTACHED}/{name}.json"] = json.dumps(value).encode()
    if digest:
        members[model_files.DIGEST] = model_files.digest({name: zlib.crc32(members[name]) for name in members})
    artifacts.write_zip("mine.keras", members)


@pytest.mark.parametrize(("model", "carried", "message"), CHANGED + WRONG)
def test_what_a_file_carries_belongs_to_its_network(folder, refused, model, carried, message):
    written(folder / f"models/{model}.keras", carried, digest=message != OTHERS)
    refused(model, "mine.keras", rf"mine\.keras.*{message}")


@pytest.mark.parametrize("model", COMMANDS)
def test_the_file_alone_is_enough_and_another_or_a_damaged_one_is_told(command, folder, refused, workdir, model):
    mine = workdir / "mine.keras"
    shutil.copy(folder / f"models/{model}.keras", mine)
    assert command(*COMMANDS[model], "--model", "mine.keras") == command(*COMMANDS[model])
    whole = mine.read_bytes()
    mine.write_bytes(whole[: len(whole) // 2])
    refused(model, "mine.keras", r"mine\.keras")
    refused(model, "/dev/zero", "/dev/zero is not a regular file")
    refused(model, "missing.keras", "missing")
    for other in COMMANDS.keys() - {model}:
        refused(model, folder / f"models/{other}.keras", rf"{other}\.keras is not a")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_are_numbers(folder, refused, value):
    network = model_files.read(folder / "models/autoencoder.keras")
    network.weights[0].assign(np.full(network.weights[0].shape, value))
    model_files.write("mine.keras", network, {"seed": 7})
    refused("autoencoder", "mine.keras", r"mine\.keras is not a trained model: .* not finite numbers")
