import numpy as np
import pytest

from stages.denoiser import baselines, recognition
from stages.denoiser.recognition import Situation


def bars(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of three kinds, a bar at the left, in the middle, at the right, with a little noise."""
    generator = np.random.default_rng(count)
    labels = np.arange(count) % 3
    images = generator.random((count, 28, 28), dtype=np.float32) / 10
    for image, label in zip(images, labels, strict=True):
        image[:, 4 + 8 * label : 8 + 8 * label] = 1
    return images, labels


@pytest.fixture(scope="module")
def reader() -> recognition.Reader:
    return recognition.Reader(baselines.recogniser(*bars(90)), *bars(60))


def test_a_reader_reads_and_is_surer_of_what_is_plain(reader):
    images, labels = bars(30)
    read, sure = reader.read(images)
    assert np.array_equal(read, labels)
    assert np.all((sure > 0.5) & (sure <= 1))
    _, unsure = reader.read((images + images[::-1]) / 2)
    assert unsure[labels != labels[::-1]].mean() < sure.mean()


def test_a_reader_of_two_digits_works_too():
    images, labels = bars(90)
    two = labels < 2
    reader = recognition.Reader(baselines.recogniser(images[two], labels[two]), images[two], labels[two])
    read, sure = reader.read(images[two])
    assert np.array_equal(read, labels[two])
    assert np.all((sure >= 0.5) & (sure <= 1))


def test_a_digit_that_was_never_taught_does_not_stop_a_reader():
    images, labels = bars(90)
    machine = baselines.recogniser(images[labels < 2], labels[labels < 2])
    assert recognition.Reader(machine, images, labels).read(images)[0].max() == 1
    assert recognition.Reader(machine, images[labels == 2], labels[labels == 2]).temperature == 1


def test_corrected_and_broken_digits_are_counted(reader):
    images, labels = bars(30)
    seen = images.copy()
    seen[:6] = images[np.roll(np.arange(30), 1)][:6]  # six that are seen as another digit
    spoilt = images.copy()
    spoilt[20:23] = images[np.roll(np.arange(30), 1)][20:23]  # the denoiser mends them and spoils three others
    case = Situation("test digits", "blur", 1.5, "pixels", images, seen, labels)
    (row,), broken = recognition.examine(iter([case]), lambda _: spoilt, reader, seed=7)
    assert (row["before"], row["after"], row["corrected"], row["broken"]) == (24 / 30, 27 / 30, 6, 3)
    assert row["difference"] == pytest.approx(0.1)
    assert row["low"] < 0.1 < row["high"]
    assert row["situation"] == "blur 1.5"
    assert {one["reading"]["digit"] for one in broken} == set(labels[20:23])
    assert all(one["reading"]["digit"] != one["reading"]["read_as"] for one in broken)
    sure = [one["reading"]["confidence"] for one in broken]
    assert sure == sorted(sure, reverse=True)


def test_a_denoiser_that_does_nothing_is_as_good_as_equal(reader):
    images, labels = bars(30)
    case = Situation("test digits", "clean", 0, "", images, images, labels)
    (row,), broken = recognition.examine(iter([case]), lambda seen: seen, reader, seed=7)
    assert (row["difference"], row["low"], row["high"], row["corrected"], row["broken"]) == (0, 0, 0, 0, 0)
    assert broken == []
    assert row["situation"] == "clean"


def test_the_surest_of_each_kind_come_first():
    def one(kind: str, confidence: float) -> dict:
        return {"reading": {"digits": "test digits", "kind": kind, "confidence": confidence}}

    broken = [one("faded", 0.99), one("faded", 0.98), one("faded", 0.97), one("blur", 0.6), one("noise", 0.5)]
    chosen = [entry["reading"] for entry in recognition.surest_of_each_kind(broken, 4)]
    assert [(entry["kind"], entry["confidence"]) for entry in chosen] == [
        ("faded", 0.99),
        ("faded", 0.98),
        ("blur", 0.6),
        ("noise", 0.5),
    ]
    assert recognition.surest_of_each_kind([], 4) == []


def test_every_situation_is_seeded_and_named_once():
    images, labels = bars(30)

    def all_of(seed: int) -> list[Situation]:
        return list(recognition.situations(images, labels, noise_std=0.5, noise_levels=[0.2, 0.5], seed=seed))

    cases, again, other = all_of(7), all_of(7), all_of(8)
    names = [(case.digits, case.kind, case.strength) for case in cases]
    assert len(names) == len(set(names)) == 2 + 18 + 3
    assert all(np.array_equal(a.images, b.images) for a, b in zip(cases, again, strict=True))
    noisy = [
        (a.images, b.images) for a, b in zip(cases, other, strict=True) if a.kind in ("noise", "specks", "covered")
    ]
    assert not any(np.array_equal(a, b) for a, b in noisy)
    assert all(len(case.labels) == len(case.images) == len(case.clean) for case in cases)


@pytest.mark.parametrize("classes", [(0, 1), ()])
def test_other_digits_are_of_the_classes_that_the_reader_knows(classes):
    images, labels = bars(30)
    cases = recognition.situations(images, labels, noise_std=0.5, noise_levels=[0.5], other_classes=classes, seed=7)
    others = [case for case in cases if case.digits == "other digits"]
    assert [case.kind for case in others] == (["clean", "noise"] if classes else [])
    assert all(set(case.labels) == set(classes) for case in others)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_reader_reads_what_its_machine_predicts(classes):
    generator = np.random.default_rng(3)
    labels = np.arange(120) % classes
    images = generator.normal(labels[:, None, None] / 4, 0.6, (120, 28, 28))
    machine = baselines.recogniser(images[:80], labels[:80])
    read, _ = recognition.Reader(machine, images[:80], labels[:80]).read(images[80:])
    np.testing.assert_array_equal(read, machine.predict(images[80:].reshape(40, -1)))
    assert len(np.unique(read)) == classes
