import numpy as np
import pytest

from stages.denoiser import recognition
from stages.denoiser.recognition import DEGRADATIONS, Classifier, Situation, situations


def bars(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of three kinds, a bar at the left, in the middle, at the right, with a little noise."""
    generator = np.random.default_rng(count)
    labels = np.arange(count) % 3
    images = generator.random((count, 28, 28), dtype=np.float32) / 10
    for image, label in zip(images, labels, strict=True):
        image[:, 4 + 8 * label : 8 + 8 * label] = 1
    return images, labels


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(*bars(90))


def test_a_classifier_reads_and_is_surer_of_what_is_plain(classifier):
    images, labels = bars(30)
    read, sure = classifier.read(images)
    assert np.array_equal(read, labels)
    assert np.all((sure > 0.5) & (sure <= 1))
    _, unsure = classifier.read((images + images[::-1]) / 2)
    assert unsure[labels != labels[::-1]].mean() < sure.mean()


def test_two_classes_are_enough():
    images, labels = bars(90)
    two = labels < 2
    classifier = Classifier(images[two], labels[two])
    assert np.array_equal(classifier.read(images[two])[0], labels[two])


def test_corrected_and_broken_digits_are_counted(classifier):
    images, labels = bars(30)
    seen = images.copy()
    seen[:6] = images[np.roll(np.arange(30), 1)][:6]  # six that are seen as another digit
    spoilt = images.copy()
    spoilt[20:23] = images[np.roll(np.arange(30), 1)][20:23]  # the denoiser mends them and spoils three others
    case = Situation("test digits", "blur", 1.5, "pixels", images, seen, labels)
    (row,), broken = recognition.examine([case], lambda _: spoilt, classifier, seed=7)
    assert (row["before"], row["after"], row["corrected"], row["broken"]) == (24 / 30, 27 / 30, 6, 3)
    assert row["difference"] == pytest.approx(0.1)
    assert row["low"] < 0.1 < row["high"]
    assert row["situation"] == "blur 1.5"
    assert {one.reading["digit"] for one in broken} == set(labels[20:23])
    assert all(one.reading["digit"] != one.reading["read_as"] for one in broken)
    sure = [one.reading["confidence"] for one in broken]
    assert sure == sorted(sure, reverse=True)


def test_every_situation_is_seeded_and_named_once(params):
    images, labels = bars(30)
    cases, again, other = (
        list(situations(images, labels, params.model_copy(update={"seed": seed}))) for seed in (7, 7, 8)
    )
    names = [(case.digits, case.kind, case.strength) for case in cases]
    assert len(names) == len(set(names)) == 1 + len(params.denoiser.noise_levels) + 18 + 2
    assert all(np.array_equal(a.images, b.images) for a, b in zip(cases, again, strict=True))
    for one, another in zip(cases, other, strict=True):
        if one.kind in ("noise", "specks", "covered"):
            assert not np.array_equal(one.images, another.images)
        assert len(one.labels) == len(one.images) == len(one.clean)


@pytest.mark.parametrize("classes", [(0, 1), ()])
def test_other_digits_are_of_the_classes_that_the_classifier_knows(params, classes):
    others = [case for case in situations(*bars(30), params, classes) if case.digits == "other digits"]
    assert [case.kind for case in others] == (["clean", "noise"] if classes else [])
    assert all(set(case.labels) == set(classes) for case in others)


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_damage_is_an_image_again_grows_with_its_strength_and_spares_the_original(kind):
    images = np.zeros((40, 28, 28), np.float32)
    images[:, 4:24, 4:24] = np.random.default_rng(0).random((40, 20, 20), dtype=np.float32)
    _, degrade, strengths = DEGRADATIONS[kind]
    before, errors = images.copy(), []
    for strength in strengths:
        seen = degrade(images, strength, np.random.default_rng(7))
        assert seen.shape == images.shape
        assert seen.dtype == np.float32
        assert seen.min() >= 0 and seen.max() <= 1
        assert np.array_equal(seen, degrade(images, strength, np.random.default_rng(7)))
        errors.append(float(np.mean((seen - images) ** 2)))
    assert np.array_equal(images, before)
    assert 0 < errors[0] < errors[1] < errors[2]
