import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import StageError
from stages.denoiser import train
from stages.denoiser.preprocess import TEST, VALIDATION, add_noise
from stages.params import Params

DIGITS = np.random.default_rng(8).random((20, 28, 28), dtype=np.float32)


def noisy(*, seed: int = 7, epoch: int = 0) -> np.ndarray:
    return train.noisy_digits(DIGITS, std=0.5, seed=seed, epoch=epoch)


@given(seed=st.integers(0, 2**31), epoch=st.integers(0, 10_000))
def test_equal_seed_and_epoch_give_equal_noise_and_others_do_not(seed: int, epoch: int) -> None:
    first = noisy(seed=seed, epoch=epoch)
    np.testing.assert_array_equal(first, noisy(seed=seed, epoch=epoch))
    assert not np.array_equal(first, noisy(seed=seed, epoch=epoch + 1))
    assert not np.array_equal(first, noisy(seed=seed + 1, epoch=epoch))


def test_every_digit_has_noise_of_its_own() -> None:
    same = np.repeat(DIGITS[:1], 20, axis=0)
    images = train.noisy_digits(same, std=0.5, seed=7, epoch=3)
    assert len(np.unique(images.reshape(20, -1), axis=0)) == 20


def test_noise_of_test_and_validation_is_never_trained_on() -> None:
    held_out = [add_noise(DIGITS, 0.5, np.random.default_rng([7, stream])) for stream in (VALIDATION, TEST)]
    for epoch in range(50):
        seen = noisy(epoch=epoch)
        assert not any(np.array_equal(seen[row], other[row]) for other in held_out for row in range(len(DIGITS)))


def test_an_unknown_network_is_one_clear_line(params: Params) -> None:
    with pytest.raises(StageError, match="no denoiser called 'deep'; there are dense, conv"):
        train.main(params, "deep")
