import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import StageError, params
from stages.denoiser import train
from stages.denoiser.preprocess import TEST, VALIDATION, add_noise

DIGITS = np.random.default_rng(8).random((20, 28, 28), dtype=np.float32)


def pairs(*, std: float = 0.5, shift: int = 2, seed: int = 7, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return train.training_pairs(DIGITS, std=std, shift=shift, seed=seed, epoch=epoch)


@given(seed=st.integers(0, 2**31), epoch=st.integers(0, 10_000))
def test_equal_seed_and_epoch_give_equal_pairs_and_others_do_not(seed: int, epoch: int) -> None:
    first = pairs(seed=seed, epoch=epoch)
    for one, other in zip(first, pairs(seed=seed, epoch=epoch), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0], pairs(seed=seed, epoch=epoch + 1)[0])
    assert not np.array_equal(first[0], pairs(seed=seed + 1, epoch=epoch)[0])


def test_every_digit_has_noise_of_its_own() -> None:
    same = np.repeat(DIGITS[:1], 20, axis=0)
    noisy, _ = train.training_pairs(same, std=0.5, shift=0, seed=7, epoch=3)
    assert len(np.unique(noisy.reshape(20, -1), axis=0)) == 20


def test_noise_of_test_and_validation_is_never_trained_on() -> None:
    held_out = [add_noise(DIGITS, 0.5, np.random.default_rng([7, stream])) for stream in (VALIDATION, TEST)]
    for epoch in range(50):
        noisy, _ = pairs(shift=0, epoch=epoch)
        assert not any(np.array_equal(noisy[row], seen[row]) for seen in held_out for row in range(len(DIGITS)))


def test_no_shift_leaves_the_digits_alone() -> None:
    noisy, clean = pairs(shift=0)
    np.testing.assert_array_equal(clean, DIGITS)
    assert noisy.min() >= 0 and noisy.max() <= 1


def test_a_shift_moves_the_digit_and_its_noise_is_added_afterwards() -> None:
    dot = np.zeros((300, 28, 28), np.float32)
    dot[:, 14, 14] = 1
    noisy, clean = train.training_pairs(dot, std=1e-6, shift=2, seed=7, epoch=0)
    _, rows, columns = np.nonzero(clean)
    assert len(rows) == 300 and clean.max() == 1  # no dot is lost
    assert set(rows) == set(columns) == {12, 13, 14, 15, 16}
    np.testing.assert_allclose(noisy, clean, atol=1e-4)


def test_an_unknown_network_is_one_clear_line() -> None:
    with pytest.raises(StageError, match="no denoiser called 'deep'; there are dense, conv"):
        train.main(params.load(), "deep")
