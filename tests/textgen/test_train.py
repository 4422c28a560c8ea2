import numpy as np
import pytest

from stages.core import artifacts
from stages.textgen import model as network
from stages.textgen.characters import log_softmax
from stages.textgen.train import (
    DATA,
    HISTORY,
    MODEL,
    OPEN,
    OPTIMIZERS,
    chosen,
    chosen_weights,
    fitted_weights,
    main,
    readings,
    sizes_of,
)
from stages.training.checkpoint import Checkpoint

SETTINGS = {"batch": 4, "length": 10, "passage": 3, "seed": 1}


@pytest.mark.parametrize(("characters", "row"), [(59_999, 0), (60_000, 1), (10**9, -1)])
def test_what_is_left_open_is_chosen_by_the_size_of_the_text(params, characters, row):
    settings, expected = chosen(params.textgen, characters), params.textgen.sizes[row]
    for section, names in OPEN.items():
        assert [getattr(getattr(settings, section), name) for name in names] == [getattr(expected, n) for n in names]


def test_what_is_set_stays_and_the_file_says_what_was_chosen(params):
    network = params.textgen.network.model_copy(update={"units": [5], "dropout": 0.0})
    training = params.textgen.training.model_copy(update={"steps": 3, "optimizer": "muon"})
    settings = chosen(params.textgen.model_copy(update={"network": network, "training": training}), 102_400)
    found = sizes_of(settings, 102_400)
    assert found | {"units": [5], "dropout": 0.0, "steps": 3, "optimizer": "muon"} == found
    assert found["batch"] == params.textgen.sizes[1].batch
    assert found["passes"] == 3 * found["batch"] * settings.training.length / 102_400


def test_a_row_reads_a_passage_in_order():
    x, y = readings(np.arange(1000), range(0, 6), **SETTINGS)
    assert x.shape == y.shape == (24, 10)
    for reader in range(4):
        for first in (0, 3):
            read = x.reshape(6, 4, 10)[first : first + 3, reader].ravel()
            assert read[0] % 30 == 0
            assert np.array_equal(read, read[0] + np.arange(30))
    assert np.array_equal(y, x + 1)


def test_every_passage_is_read_once_before_any_is_read_again():
    x, _ = readings(np.arange(30 * 4 * 5 + 1), range(0, 15), **SETTINGS)
    assert np.array_equal(np.sort(x.ravel()), np.arange(30 * 4 * 5))
    assert not np.array_equal(np.sort(x[::12, 0]), x[::12, 0])


def test_the_fitted_weights_are_the_best_on_a_grid():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 6, 3000)
    scores = rng.normal(size=(2, 3000, 6)).astype(np.float32)
    scores[:, np.arange(3000), ids] += [[1.5], [0.8]]  # what a weight of 1 is best for, for each model by itself

    def cost(weights):
        return -log_softmax(np.tensordot(weights, scores, axes=1))[np.arange(3000), ids].mean()

    grid = [(a, b) for a in np.arange(0, 2.1, 0.1) for b in np.arange(0, 2.1, 0.1)]
    found = fitted_weights(scores, ids, pull=1.0)
    assert fitted_weights(scores, ids, pull=1e9) == network.DEFAULT_WEIGHTS
    assert found == pytest.approx(min(grid, key=cost), abs=0.06)
    assert cost(found) <= min(map(cost, grid)) + 1e-4


def test_too_little_to_fit_on_leaves_the_default_weights(capsys):
    assert fitted_weights(np.zeros((2, 2000, 6), np.float32), np.arange(2000) % 6) == network.DEFAULT_WEIGHTS
    assert chosen_weights(None, np.arange(50), 0) == network.DEFAULT_WEIGHTS
    assert "50 characters to validate on are too few to fit weights" in capsys.readouterr().out


class Killed(BaseException):
    pass


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_killed_training_resumes_to_the_same_bytes(params, tmp_path, monkeypatch, optimizer):
    training = params.textgen.training.model_copy(update={"optimizer": optimizer})
    params = params.model_copy(update={"textgen": params.textgen.model_copy(update={"training": training})})
    whole = train(params, tmp_path / "whole", monkeypatch)
    killed = tmp_path / "killed"
    save = Checkpoint.save

    def save_and_die(self, **state):
        save(self, **state)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoint, "save", save_and_die)
        train(params, killed, patch)
    assert train(params, killed, monkeypatch) == whole
    history = (killed / HISTORY).read_text().splitlines()
    assert history[0] == "epoch,loss,val_loss"
    assert len(history) == 3
    assert not list((killed / ".checkpoints").iterdir())


def train(params, folder, monkeypatch):
    """Bytes of the model that the stage trains in `folder`; epochs end in the middle of a passage."""
    settings = params.textgen.training.model_copy(
        update={"steps": 6, "epochs": 2, "batch": 2, "length": 4, "passage": 2}
    )
    network = params.textgen.network.model_copy(update={"units": [5], "embedding": 3, "dropout": 0.3})
    textgen = params.textgen.model_copy(update={"training": settings, "network": network})
    text = np.random.default_rng(0).integers(1, 6, 300).astype(np.int32)
    vocabulary = np.array([ord(character) for character in "?\nabcd"])
    folder.mkdir(exist_ok=True)
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        artifacts.write_npz(DATA, vocabulary=vocabulary, train=text, validation=text[:50], test=text[50:])
        main(params.model_copy(update={"textgen": textgen}))
        return artifacts.read_bytes(MODEL)
