import re

import pytest
from dvc.utils.serialize import parse_yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.core import artifacts, command, environment
from stages.core.errors import StageError
from stages.params import load
from tests.conftest import REPOSITORY

SCALARS = st.one_of(
    st.from_regex(r"[-+]?[0-9_]{1,6}(:[0-9]{1,2}){0,2}", fullmatch=True),
    st.from_regex(r"0[box]?[0-9a-fA-F_]{1,8}", fullmatch=True),
    st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        ["yes", "no", "on", "Off", "y", "~", "null", ".inf", "-.INF", ".nan", "true", "TRUE", "2020-01-01"]
    ),
)


@given(SCALARS)
def test_a_value_is_what_dvc_records(text):
    content = f"value: {text}\n"
    try:
        expected = parse_yaml(content, "params.yaml")
    except Exception:
        with pytest.raises(StageError):
            artifacts.parse_yaml(content.encode(), "params.yaml")
        return
    assert repr(artifacts.parse_yaml(content.encode(), "params.yaml")) == repr(expected)


def test_the_stage_and_the_pins_read_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "pin", lambda *pinned: found.append(pinned))
    found, path = [], tmp_path / "params.yaml"
    text = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    for threads in ("010", "2.0"):  # the second is refused, by the stage, in a line
        path.write_text(re.sub("^threads: .*", f"threads: {threads}", text, flags=re.MULTILINE), encoding="utf-8")
        command.pin_from_params(path)
    assert found == [(10,)]
    with pytest.raises(StageError, match=r"params\.yaml: threads is "):
        load(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"seed: 7\nlatent: 1\nseed: 8\n", "is not YAML: line 3: found duplicate key"),
        ("seed: 7\nname: M\xfcller\n".encode("latin-1"), "is not UTF-8: line 2; save it as UTF-8"),
        (b"seed: &a [7, 7]\nlatent: [*a, *a]\n", "has YAML aliases"),
        (b"seed: !!python/object/apply:os.system [true]", "is not YAML: line 1"),
    ],
)
def test_broken_content_is_one_line_that_names_the_place(content, told):
    with pytest.raises(StageError, match=f"^params.yaml {told}") as error:
        artifacts.parse_yaml(content, "params.yaml")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250
