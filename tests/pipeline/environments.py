"""The small pipeline under one setting of a user at a time: none of them changes a byte of its outputs.

python -m tests.pipeline.environments
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.pipeline.conftest import TINY, build
from tests.project import Project, differing

STYLE = "savefig.dpi: 31\nfont.size: 20\naxes.facecolor: red\n"


def keras_json(home: Path) -> dict[str, str]:
    """A user's keras.json in the two places Keras looks at."""
    (home / ".keras").mkdir(parents=True)
    (home / ".keras/keras.json").write_text('{"floatx": "float16", "backend": "jax"}', encoding="utf-8")
    return {"HOME": str(home), "KERAS_HOME": str(home / ".keras")}


def matplotlibrc(home: Path) -> dict[str, str]:
    """A user's matplotlibrc in the two places matplotlib looks at."""
    (home / ".config/matplotlib").mkdir(parents=True)
    for path in (home / ".config/matplotlib/matplotlibrc", home / "matplotlibrc"):
        path.write_text(STYLE, encoding="utf-8")
    return {"HOME": str(home), "MATPLOTLIBRC": str(home / "matplotlibrc"), "MPLBACKEND": "pdf"}


# Settings of a user: each changes numbers, texts, order or pictures of some program, and none of our outputs.
SETTINGS: dict[str, Callable[[Path], dict[str, str]]] = {
    "PYTHONHASHSEED=1": lambda home: {"PYTHONHASHSEED": "1"},
    "PYTHONOPTIMIZE=2": lambda home: {"PYTHONOPTIMIZE": "2"},
    "TZ=Asia/Tokyo": lambda home: {"TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "86400"},
    "LC_ALL=C": lambda home: {"LC_ALL": "C", "LANG": "tr_TR.UTF-8"},
    "another user": lambda home: {"HOME": str(home), "USER": "someone-else", "LOGNAME": "someone-else"},
    "keras.json: float16": keras_json,
    "KERAS_BACKEND=jax": lambda home: {"KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1"},
    "matplotlibrc": matplotlibrc,
    "OPENBLAS_NUM_THREADS=2": lambda home: {
        f"{name}_THREADS": "2" for name in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    },
    "other kernels": lambda home: {
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_DETERMINISTIC_OPS": "1",
        "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
}


def settings(home: Path, *names: str) -> dict[str, str]:
    """Environment variables of the SETTINGS of these names (none: of all), their files written below `home`."""
    variables: dict[str, str] = {}
    for name in names or SETTINGS:
        variables |= SETTINGS[name](home)
    if "HOME" in variables:  # the package index is a setting of the machine
        variables["PIP_CONFIG_FILE"] = str(Path("~/.config/pip/pip.conf").expanduser())
    return variables


def main() -> int:
    broken = 0
    with tempfile.TemporaryDirectory(prefix="reprise environments ") as scratch:
        (reference := Path(scratch, "reference")).mkdir()
        built = build(reference, TINY)
        expected = built.outputs()
        for name in SETTINGS:
            clone = Project(Path(scratch, "çà et là"))
            built.succeed("git", "clone", "--quiet", "--no-hardlinks", ".", str(clone.folder))
            with tempfile.TemporaryDirectory() as home:
                clone.succeed("dvc", "repro", **settings(Path(home), name))
            others = differing(expected, clone.outputs())
            broken += bool(others) or clone.read("dvc.lock") != built.read("dvc.lock")
            print(f"{name}: {len(expected) - len(others)} of {len(expected)} outputs equal", *others, flush=True)
            shutil.rmtree(clone.folder)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
