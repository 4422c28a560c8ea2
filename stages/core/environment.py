"""The process that a stage runs in: settings outside params.yaml that change the bits of a result, and quiet imports.

Threads, the numeric kernels of oneDNN, OpenBLAS and numpy, and personal settings of Keras and matplotlib are pinned
before numpy and TensorFlow read them.
"""

import gc
import os
import platform
import sys
from pathlib import Path
from typing import Any, TextIO

UNUSED = ("matplotlib", "pandas", "sklearn")  # by what of Keras the stages use

_stderr: TextIO | None = None  # Python's own, between `begin_imports` and `finish_imports`


def pin(threads: int) -> None:
    """Fix, for this process, every setting outside params.yaml that changes a result.

    `threads` of the numeric libraries are part of the result: a sum's rounding follows its split over them. No kernel
    uses instructions beyond AVX2, so that the bits are the same on every processor that has it.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ["OPENBLAS_CORETYPE"] = "Haswell"
        os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"  # all that numpy has beyond AVX2
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # Not the user's own, where a keras.json may change the float type.
    os.environ["KERAS_HOME"] = str(Path("~/.keras/reprise").expanduser())
    # Shorter training, other kernels: of the user's own environment, so not part of the result.
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "TF_DETERMINISTIC_OPS", "TF_XLA_FLAGS"):
        os.environ.pop(name, None)
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["MATPLOTLIBRC"] = os.devnull
    # No start-up notices, nor an error for want of a GPU; what fails still raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if _LeanKeras not in sys.meta_path:
        sys.meta_path.insert(0, _LeanKeras)


class _LeanKeras:
    """Tells Keras that `UNUSED` are not installed: it would import them, which takes as long as all the rest of it."""

    @staticmethod
    def find_spec(name: str, path: Any, target: Any = None) -> None:
        """Raise where Keras imports one of them; all others get theirs from the finders that follow."""
        if name in UNUSED and getattr(getattr(sys.modules.get("keras"), "__spec__", None), "_initializing", False):
            raise ModuleNotFoundError(f"Keras is spared {name}", name=name)


def begin_imports() -> None:
    """Call before large libraries are imported, and `finish_imports` after.

    They make 600,000 objects, all of which stay: looking for garbage among them takes a quarter of the time. TensorFlow
    writes notices about oneDNN and CUDA to descriptor 2, and no setting silences them; what Python itself writes, such
    as the traceback of an import that fails, is shown all the same.
    """
    global _stderr
    gc.disable()
    _stderr = sys.stderr
    sys.stderr = open(os.dup(2), "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    with open(os.devnull, "w") as silence:
        os.dup2(silence.fileno(), 2)


def finish_imports() -> None:
    """Show descriptor 2 again, and look for garbage again, but never among what has been imported."""
    global _stderr
    if _stderr is not None:
        os.dup2(sys.stderr.fileno(), 2)
        sys.stderr, _stderr = _stderr, None
    gc.freeze()
    gc.enable()
