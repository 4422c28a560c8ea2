"""Faster imports, and changes of how a module is imported where the module has no setting for it."""

import contextlib
import gc
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Finder:
    """Finds a module as usual and lets its import run within a context."""

    def __init__(self, name: str, context: Callable[[], AbstractContextManager[None]]) -> None:
        self.name = name
        self.context = context

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_within(module: ModuleType) -> None:
                with self.context():
                    load(module)

            spec.loader.exec_module = load_within  # type: ignore[method-assign]
        return spec


def within(name: str, context: Callable[[], AbstractContextManager[None]]) -> None:
    """Let this process's import of a module, whenever that is, run within a context."""
    if name not in sys.modules:
        sys.meta_path.insert(0, _Finder(name, context))


def begin() -> None:
    """Make this process's imports faster, until `finish`: Python looks for no garbage, and Keras is lighter.

    The imports make 600,000 objects, all of which stay. Looking through them again and again takes a quarter of the
    time that the import of Keras takes.
    """
    gc.disable()
    lighter_keras()


def finish() -> None:
    """Look for garbage again, but never among what has been imported."""
    gc.freeze()
    gc.enable()


def lighter_keras() -> None:
    """Let Keras be imported without scikit-learn and matplotlib.

    Keras imports both where they are installed, which takes 0.7 s, a third of its import. Reprise does not use the
    parts of Keras that need them. They can be imported by themselves, before and after.
    """
    within("keras", lambda: hidden("sklearn", "matplotlib"))


@contextlib.contextmanager
def hidden(*names: str) -> Iterator[None]:
    """As if these packages were not installed, but for those that are imported already."""
    hiding = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hiding))  # None: the import system's own way to say that there is none
    try:
        yield
    finally:
        for name in hiding:
            del sys.modules[name]
