"""What classes are called: by their folders, by a list next to the files, or by their labels."""

import numpy as np
import pytest

from stages.core import artifacts
from stages.core.digits import RAW
from stages.datasets import class_names, digits
from tests.datasets.conftest import digits_refused, put, put_digits
from tests.datasets.test_digit_sources import table


def listed(names: dict[int, str]) -> str:
    return "".join(f"{label} {name}\n" for label, name in names.items())


CLOTHES = {label: f"piece {label}" for label in range(10)}


@pytest.mark.parametrize("kind", ["idx", "csv"])
def test_a_list_next_to_the_files_names_the_classes(workdir, set_source, kind, capsys):
    folder = workdir / "mine"
    put_digits(folder) if kind == "idx" else put(folder / "train.csv", table())
    put(folder / "classes.txt", listed(CLOTHES))
    digits.main(set_source("digits", "mine"))
    raw = artifacts.read_npz(RAW)
    assert raw["names"].tolist() == list(CLOTHES.values())
    assert raw["names"].dtype.kind == "U"
    assert artifacts.read_json(digits.PROVENANCE)["classes"] == list(CLOTHES.values())
    assert "10 classes (piece 0, piece 1" in capsys.readouterr().out


def test_without_names_the_raw_file_has_none(workdir, set_source):
    put_digits(workdir / "mine")
    put(workdir / "mine/classes.txt", listed({label: str(label) for label in range(10)}))
    digits.main(set_source("digits", "mine"))
    assert set(artifacts.read_npz(RAW)) == {"images", "labels", "test"}
    assert "classes" not in artifacts.read_json(digits.PROVENANCE)


def test_a_class_without_a_name_is_called_by_its_label(tmp_path):
    put(put_digits(tmp_path) / "classes.txt", "3 three\n\n")
    loaded = digits.load(tmp_path)
    assert loaded.names.tolist() == ["", "", "", "three", "", "", "", "", "", ""]
    assert loaded.provenance["classes"][2:5] == ["2", "three", "4"]


def test_names_are_one_short_printable_line():
    told = class_names.array({3: "a\nb \x1b[2J", 5: "long" * 40}, np.array([3, 5]))
    assert told[3] == "a b ?[2J"
    assert len(told[5]) == class_names.LONGEST
    assert told.tolist()[:3] == ["", "", ""]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("0 a\n1\n", r"classes\.txt, line 2: '1' should be a label 0\.\.99, a space and a name"),
        ("cat 0\n", "line 1: 'cat 0' should be a label"),
        ("0 a\n0 b\n", "line 2: the label 0 has a name already"),
        (b"\xff\n", r"classes\.txt"),
    ],
)
def test_a_broken_list_is_refused_by_its_line(tmp_path, content, told):
    folder = put_digits(tmp_path / "mine")
    put(folder / "classes.txt", content)
    digits_refused(folder, told)


def test_a_broken_mapping_of_emnist_is_refused(tmp_path):
    assert class_names.beside(tmp_path, ["emnist-letters-mapping.txt"]) == {}
    put(tmp_path / "emnist-letters-mapping.txt", "1 65 97\n2 B\n")
    with pytest.raises(class_names.StageError, match=r"mapping\.txt, line 2: '2 B' should be"):
        class_names.beside(tmp_path, ["emnist-letters-mapping.txt"], "emnist-letters")
