"""The import of Keras without scikit-learn and matplotlib, which stay what they are for everybody else."""

import sys

import pytest

from stages.core import imports
from tests.core.test_notices import run

LOADED = "print(*(name for name in ('sklearn', 'matplotlib', 'tensorflow') if sys.modules.get(name)))"
LIGHTER = "from stages.core import imports\nimports.begin()\nimport keras\n"


def test_keras_leaves_two_packages_alone_that_can_be_imported_afterwards():
    ended = run(f"{LIGHTER}{LOADED}\nimport sklearn.decomposition, matplotlib.pyplot\n{LOADED}")
    assert ended.stdout.splitlines() == ["tensorflow", "sklearn matplotlib tensorflow"]


def test_without_it_keras_imports_them():
    """Otherwise the test above could not fail."""
    assert run(f"import gc\ngc.disable()\nimport keras\n{LOADED}").stdout == "sklearn matplotlib tensorflow\n"


def test_what_is_imported_already_stays(monkeypatch):
    monkeypatch.delitem(sys.modules, "no_such_package", raising=False)
    with imports.hidden("json", "no_such_package"):
        assert sys.modules["json"] is not None
        with pytest.raises(ImportError):
            import no_such_package  # noqa: F401
    assert "json" in sys.modules
    assert "no_such_package" not in sys.modules


def test_an_error_within_the_import_hides_nothing_afterwards():
    with pytest.raises(ZeroDivisionError), imports.hidden("no_such_package"):
        1 / 0  # noqa: B018
    assert "no_such_package" not in sys.modules
