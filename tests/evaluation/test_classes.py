import numpy as np

from stages.evaluation.charts import SHOWN, Classes, first_of_each


def parts(*labels: int, **more) -> dict:
    return {f"{part}_labels": np.array(labels, np.uint8) for part in ("train", "validation", "test")} | more


def test_a_class_is_called_by_its_name_or_else_by_its_label():
    classes = Classes(parts(0, 1, 2, names=np.array(["cat", "", "dog"])))
    assert [classes.name(np.uint8(label)) for label in (0, 1, 2)] == ["cat", 1, "dog"]
    assert Classes(parts(3, 7)).name(np.uint8(7)) == 7


def test_digits_are_told_from_other_classes():
    assert Classes(parts(3, 7)).are_digits
    assert not Classes(parts(1, 26)).are_digits
    assert not Classes(parts(0, 1, names=np.array(["cat", "dog"]))).are_digits


def test_captions_are_short_and_drawable():
    classes = Classes(parts(0, 1, 2, 3, names=np.array(["$x^2$", "a very long name", "\u732b", ""])))
    assert classes.captions(np.array([0, 1, 2, 3])) == ["$x^2$", "a very …", "□", "3"]
    assert classes.change(3, 2) == "3 → □"
    assert classes.change(0, 1) == "$x^2$\n→ a very …"


def test_pictures_show_the_first_digit_of_each_class():
    assert first_of_each(np.array([3, 1, 3, 0, 1])).tolist() == [3, 1, 0]
    many = first_of_each(np.arange(100))
    assert many.tolist() == list(range(0, 100, 100 // SHOWN))
