"""Files of a run that are missing or cut: one line that says which, and how to get it."""

import shutil

import pytest

from reprise.denoise import Denoiser
from reprise.generate import Writer
from reprise.reconstruct import Autoencoder, path_of
from reprise.sentiment import Classifier
from stages.core import artifacts
from stages.core.errors import StageError

USES = {
    "models/textgen.keras": Writer,
    "models/sentiment.keras": Classifier,
    "models/denoiser-conv.keras": Denoiser,
    "models/denoiser-dense.keras": Denoiser,
    "models/autoencoder.keras": Autoencoder,
}


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("name", USES)
def test_a_missing_file(copy, name):
    (copy / name).unlink()
    with pytest.raises(StageError) as error:
        USES[name](copy / name)
    assert str(error.value) == f"{copy / name} does not exist; `dvc repro` makes it, `dvc pull` fetches it"


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("left", [0, 100, 0.5, -1])
def test_a_truncated_file(copy, name, left):
    whole = artifacts.read_bytes(copy / name)
    (copy / name).write_bytes(whole[: int(left * len(whole)) if left == 0.5 else left])
    with pytest.raises(StageError) as error:
        USES[name](copy / name)
    assert str(copy / name) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_size_that_is_named_but_not_there(copy):
    (copy / "models/sizes/latent-4.keras").unlink()
    with pytest.raises(StageError, match=r"a code of 4 numbers; there are 8: .* `dvc repro` trains"):
        path_of(4, copy)
