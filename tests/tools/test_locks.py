from pathlib import Path

import pytest

from stages.core.errors import StageError
from tests.conftest import REPOSITORY
from tools.locks import pins, without

LOCK = """\
# compiled
numpy==2.4.6 \\
    --hash=sha256:aa
    # via torch
torch==2.9.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
# The following packages were excluded:
# triton
"""


def test_what_the_base_pins_is_removed_and_the_rest_kept_line_by_line():
    expected = LOCK.replace("numpy==2.4.6 \\\n    --hash=sha256:aa\n    # via torch\n", "")
    assert without(LOCK, {"numpy": "2.4.6"}, Path("lock.txt")) == expected


def test_another_version_than_the_base_is_an_error():
    with pytest.raises(StageError, match=r"lock\.txt pins numpy==2\.4\.6, requirements\.txt pins numpy==2\.0; run"):
        without(LOCK, {"numpy": "2.0"}, Path("lock.txt"))


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("requirements-*.txt")), ids=lambda path: path.name)
def test_a_further_lock_lists_only_what_it_adds(path):
    base = pins((REPOSITORY / "requirements.txt").read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    assert pins(text)
    assert not base.keys() & pins(text).keys()
    assert text.count("--hash=sha256:") >= len(pins(text))
