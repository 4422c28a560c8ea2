"""Files of a run that are missing or cut: one line that says which, and how to get it."""

import shutil

import pytest

from reprise.denoise import Denoiser
from reprise.generate import Writer
from reprise.reconstruct import Autoencoder
from reprise.sentiment import Classifier
from stages.core import artifacts
from stages.core.errors import StageError

USES = {
    "models/textgen.keras": Writer,
    "data/textgen/characters.npz": Writer,
    "models/sentiment.keras": Classifier,
    "data/sentiment/vocabulary.txt": Classifier,
    "data/sentiment/ngrams.npz": Classifier,
    "metrics/sentiment.json": lambda folder: Classifier(folder).tuned_threshold(),
    "data/sentiment/reviews.npz": lambda folder: Classifier(folder).precise_threshold(0.5),
    "models/denoiser-conv.keras": lambda folder: Denoiser("conv", folder),
    "models/denoiser-dense.keras": lambda folder: Denoiser("dense", folder),
    "models/autoencoder.keras": lambda folder: Autoencoder(None, folder),
}


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("name", USES)
def test_a_missing_file(copy, name):
    (copy / name).unlink()
    with pytest.raises(StageError) as error:
        USES[name](copy)
    assert str(error.value) == f"{copy / name} does not exist; `dvc repro` makes it, `dvc pull` fetches it"


@pytest.mark.parametrize("name", [name for name in USES if name.endswith((".keras", ".npz"))])
@pytest.mark.parametrize("left", [0, 100, 0.5, -1])
def test_a_truncated_file(copy, name, left):
    whole = artifacts.read_bytes(copy / name)
    (copy / name).write_bytes(whole[: int(left * len(whole)) if left == 0.5 else left])
    with pytest.raises(StageError) as error:
        USES[name](copy)
    assert str(copy / name) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_size_that_is_named_but_not_there(copy):
    (copy / "models/sizes/latent-4.keras").unlink()
    with pytest.raises(StageError, match=r"a code of 4 numbers; there are 8: .* `dvc repro` trains"):
        Autoencoder(4, copy)
