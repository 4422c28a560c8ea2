"""The small pipeline under one changed setting at a time: which of them changes a byte of its outputs?

python -m tests.pipeline.environments [--only NAME ...] [--python PATH ...] [--processor NAME ...]

A processor is emulated by QEMU (Debian: qemu-user), including its instructions and cache sizes, which numeric
libraries read: `--processor Haswell EPYC-Milan`.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.pipeline.conftest import STAGES, TINY, Clone, build, differing, stages_run

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
    "OPENBLAS_NUM_THREADS=1": lambda home: {
        f"{name}_THREADS": "1" for name in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
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


def repro(clone: Clone, **variables: str) -> None:
    clone.succeed("dvc", "repro", **variables)


def from_a_subfolder(clone: Clone) -> None:
    Clone(clone.folder / "stages", clone.python).succeed("dvc", "repro", "../dvc.yaml")


def through_the_queue(clone: Clone) -> None:
    clone.succeed("dvc", "exp", "run", "--queue", "--name", "queued", "--force")
    clone.succeed("dvc", "exp", "run", "--run-all")
    assert stages_run(clone.succeed("dvc", "queue", "logs", "queued")) == set(STAGES)
    clone.succeed("dvc", "exp", "apply", "queued")


def emulated(processor: str) -> Callable[[Clone], None]:
    """Run every stage on another processor; dvc itself, which computes nothing, runs on this one."""

    def run(clone: Clone) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "python")
            program.write_text(
                f'#!/bin/sh\nexec qemu-x86_64 -cpu {processor} "{clone.python}" "$@"\n', encoding="utf-8"
            )
            program.chmod(0o755)
            repro(clone, PATH=os.pathsep.join([folder, str(Path(clone.python).parent), os.environ["PATH"]]))

    return run


def one_thread(clone: Clone) -> None:
    clone.set_params({"threads": 1})
    repro(clone)


def native(clone: Clone) -> None:
    clone.set_params({"kernels": "native"})
    repro(clone)


def edited(old: str, new: str) -> Callable[[Clone], None]:
    """Run with one of the pins in stages/core/environment.py edited."""

    def run(clone: Clone) -> None:
        path = clone.folder / "stages" / "core" / "environment.py"
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, old
        path.write_text(content.replace(old, new), encoding="utf-8")
        repro(clone)

    return run


class Trial(NamedTuple):
    """One run, and whether its bytes are promised to be the same."""

    name: str
    run: Callable[[Clone], None]
    promised: bool = True
    folder: str = "clone"
    python: str = sys.executable


# Settings that may change bits and are therefore pinned, in params.yaml and in stages/core/environment.py.
PINNED = [
    Trial("pinned otherwise: threads 1", one_thread, promised=False),
    Trial("pinned otherwise: kernels native", native, promised=False),
    *(
        Trial(f"pinned otherwise: {name}={new}", edited(f'"{name}"] = "{old}"', f'"{name}"] = "{new}"'), promised=False)
        for name, old, new in (
            ("TF_ENABLE_ONEDNN_OPTS", "1", "0"),
            ("ONEDNN_MAX_CPU_ISA", "AVX2", "SSE41"),
            ("OPENBLAS_CORETYPE", "Haswell", "Nehalem"),
            ("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR", "AVX512_SPR"),
        )
    ),
]


def trials(pythons: list[str], processors: list[str]) -> list[Trial]:
    """All trials; `pythons` are of other environments with the locked packages, `processors` are QEMU's names."""

    def under(name: str) -> Callable[[Clone], None]:
        def run(clone: Clone) -> None:
            with tempfile.TemporaryDirectory() as home:
                repro(clone, **settings(Path(home), name))

        return run

    return [
        *(Trial(name, under(name)) for name in SETTINGS),
        Trial("another folder", from_a_subfolder, folder="çà et là"),
        Trial("dvc exp run --queue", through_the_queue),
        *(Trial(f"environment {path}", repro, python=path) for path in pythons),
        *(Trial(f"processor {name}", emulated(name)) for name in processors),
        *PINNED,
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], help="trials whose names begin with one of these")
    parser.add_argument("--python", nargs="+", default=[], help="of other environments with the locked packages")
    parser.add_argument("--processor", nargs="+", default=[], help="to emulate, as `qemu-x86_64 -cpu help` lists them")
    arguments = parser.parse_args()
    chosen = [
        trial for trial in trials(arguments.python, arguments.processor) if trial.name.startswith(tuple(arguments.only))
    ]
    broken = 0
    with tempfile.TemporaryDirectory(prefix="reprise environments ") as name:
        (reference := Path(name, "reference")).mkdir()
        built = build(reference, TINY)
        expected = built.outputs()
        print("| Environment | Outputs equal | Verdict |\n| --- | --- | --- |", flush=True)
        for trial in chosen:
            with tempfile.TemporaryDirectory(dir=name) as scratch:
                clone = Clone(Path(scratch, trial.folder), trial.python)
                built.succeed("git", "clone", "--quiet", "--no-hardlinks", ".", str(clone.folder))
                for key, value in (("user.name", "Student"), ("user.email", "student@example.com")):
                    clone.succeed("git", "config", key, value)
                trial.run(clone)
                others = differing(expected, clone.outputs())
                same_lock = clone.read("dvc.lock") == built.read("dvc.lock")
            verdict = "as promised" if trial.promised else "does change bytes" if others else "changes no byte here"
            if trial.promised and (others or not same_lock):
                verdict = "BROKEN"
                broken += 1
            equal = f"{len(expected) - len(others)} of {len(expected)}"
            print(f"| {trial.name} | {equal} | {verdict}{': ' if others else ''}{', '.join(others)} |", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
