import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts, model_files
from stages.core.errors import StageError
from stages.core.typed import validated
from stages.denoiser import train
from stages.denoiser.preprocess import TEST, VALIDATION, add_noise
from stages.params import Params
from tests.conftest import REPOSITORY

DIGITS = np.random.default_rng(8).random((20, 28, 28), dtype=np.float32)


def noise(*, seed: int = 7, step: int = 0, count: int = 20) -> np.ndarray:
    return train.noise(count, std=0.5, seed=seed, step=step)


@given(seed=st.integers(0, 2**31), step=st.integers(0, 10_000))
def test_equal_seed_and_step_give_equal_noise_and_others_do_not(seed: int, step: int) -> None:
    first = noise(seed=seed, step=step)
    np.testing.assert_array_equal(first, noise(seed=seed, step=step))
    assert not np.array_equal(first, noise(seed=seed, step=step + 1))
    assert not np.array_equal(first, noise(seed=seed + 1, step=step))


def test_every_digit_has_noise_of_its_own() -> None:
    images = noise(step=3)
    assert len(np.unique(images.reshape(20, -1), axis=0)) == 20
    assert images.std() == pytest.approx(0.5, rel=0.02)


def test_noise_of_test_and_validation_is_never_trained_on() -> None:
    held_out = [add_noise(DIGITS, 0.5, np.random.default_rng([7, stream])) for stream in (VALIDATION, TEST)]
    for step in range(50):
        seen = np.clip(DIGITS + noise(step=step), 0, 1)
        assert not any(np.array_equal(seen[row], other[row]) for other in held_out for row in range(len(DIGITS)))


def test_an_unknown_network_is_one_clear_line(params: Params) -> None:
    with pytest.raises(StageError, match="no denoiser called 'deep'; there are dense, conv"):
        train.main(params, "deep")


def trained_on(devices: int, folder: Path, content: dict) -> tuple[list[np.ndarray], np.ndarray]:
    """Weights and history of a short training, in a process of its own: devices are fixed once TensorFlow has begun."""
    content["denoiser"]["conv"]["devices"] = devices
    content["denoiser"]["conv"]["training"].update(steps=12, epochs=2)
    (folder / "data/denoiser").mkdir(parents=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    digits = (255 * DIGITS).astype(np.uint8)
    np.savez(folder / "data/denoiser/digits.npz", train=digits, validation=digits, validation_noisy=DIGITS)
    command = [sys.executable, "-m", "stages.denoiser.train", "conv"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    model = model_files.read(folder / "models/denoiser-conv.keras")
    history = artifacts.read_csv(folder / "plots/denoiser/history-conv.csv")
    return model.get_weights(), history.to_numpy()


def test_two_devices_train_the_same_network_but_for_rounding(tmp_path: Path, content: dict) -> None:
    weights, history = trained_on(1, tmp_path / "one", content)
    others, other_history = trained_on(2, tmp_path / "two", content)
    np.testing.assert_allclose(history, other_history, rtol=1e-4)
    for ours, theirs in zip(weights, others, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert any(not np.array_equal(ours, theirs) for ours, theirs in zip(weights, others, strict=True))


def test_devices_must_share_a_batch_evenly(content: dict) -> None:
    content["denoiser"]["conv"]["devices"] = 3
    with pytest.raises(StageError, match=r"denoiser\.conv .* batch that its devices \(3\) can share evenly"):
        validated(Params, content, Path("params.yaml"))
