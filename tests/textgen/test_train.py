import numpy as np
import pytest

from stages import artifacts, training
from stages.textgen.train import DATA, HISTORY, MODEL, main, streams


def test_readers_go_straight_on_from_step_to_step():
    x, y = streams(np.arange(1000), range(0, 6), batch=4, length=10)
    assert x.shape == y.shape == (24, 10)
    for reader in range(4):
        read = x.reshape(6, 4, 10)[:, reader].ravel()
        assert np.array_equal(read, read[0] + np.arange(60))
    assert np.array_equal(y, x + 1)


def test_readers_start_evenly_spread():
    x, _ = streams(np.arange(1001), range(1), batch=4, length=1)
    assert x.ravel().tolist() == [0, 250, 500, 750]


def test_what_is_read_depends_on_the_steps_alone():
    whole, _ = streams(np.arange(500), range(0, 8), batch=3, length=7)
    halves = [streams(np.arange(500), steps, batch=3, length=7)[0] for steps in (range(0, 3), range(3, 8))]
    assert np.array_equal(whole, np.concatenate(halves))


def test_at_the_end_of_the_text_readers_go_on_at_its_beginning():
    ids = np.arange(50)
    x, y = streams(ids, range(0, 40), batch=2, length=5)
    assert set(x.ravel()) == set(range(49))
    assert np.array_equal(y, x + 1)


class Killed(BaseException):
    pass


def test_killed_training_goes_on_to_the_same_bytes(params, tmp_path, monkeypatch):
    whole = train(params, tmp_path / "whole", monkeypatch)
    killed = tmp_path / "killed"
    save = training.Checkpoint.save

    def save_and_die(self, **state):
        save(self, **state)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(training.Checkpoint, "save", save_and_die)
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
    network = params.textgen.network.model_copy(update={"units": [5], "embedding": 3})
    textgen = params.textgen.model_copy(update={"training": settings, "network": network})
    text = np.random.default_rng(0).integers(1, 6, 300).astype(np.int32)
    vocabulary = np.array([ord(character) for character in "?\nabcd"])
    folder.mkdir(exist_ok=True)
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        artifacts.write_npz(DATA, vocabulary=vocabulary, train=text, validation=text[:50], test=text[50:])
        main(params.model_copy(update={"textgen": textgen}))
        return artifacts.read_bytes(MODEL)
