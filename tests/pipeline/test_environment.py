"""What a user's machine, account and settings must not change: not a byte."""

import os
from pathlib import Path

import pytest

from tests.pipeline.conftest import Clone

pytestmark = [pytest.mark.pipeline, pytest.mark.network]


@pytest.fixture
def elsewhere(built, tmp_path) -> Clone:
    """The same commit, without its outputs and with an empty cache, in a folder of another name."""
    folder = tmp_path / "çà et là"
    built.succeed("git", "clone", "--quiet", "--no-hardlinks", ".", str(folder))
    return Clone(folder)


def hostile(home: Path) -> dict[str, str]:
    """Settings of another user: each changes numbers, texts, order, pictures or permissions of some program."""
    (home / ".keras").mkdir(parents=True)
    (home / ".keras/keras.json").write_text('{"floatx": "float16", "backend": "jax"}', encoding="utf-8")
    (home / ".config/matplotlib").mkdir(parents=True)
    style = "savefig.dpi: 31\nfont.size: 20\naxes.facecolor: red\n"
    for path in (home / ".config/matplotlib/matplotlibrc", home / "matplotlibrc"):
        path.write_text(style, encoding="utf-8")
    return {
        "HOME": str(home),
        "PIP_CONFIG_FILE": str(Path("~/.config/pip/pip.conf").expanduser()),  # where the wheels are, is the machine's
        "USER": "someone-else",
        "LOGNAME": "someone-else",
        "KERAS_HOME": str(home / ".keras"),
        "KERAS_BACKEND": "jax",
        "KERAS_MAX_EPOCHS": "1",
        "MATPLOTLIBRC": str(home / "matplotlibrc"),
        "MPLBACKEND": "pdf",
        "PYTHONHASHSEED": "1",
        "PYTHONOPTIMIZE": "2",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "LANG": "tr_TR.UTF-8",
        "SOURCE_DATE_EPOCH": "86400",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_DETERMINISTIC_OPS": "1",
        "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
    }


def test_another_users_settings_change_no_byte(built, elsewhere, tmp_path, monkeypatch):
    for name, value in hostile(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    previous = os.umask(0o077)
    try:
        elsewhere.succeed("dvc", "repro")
    finally:
        os.umask(previous)
    expected, found = built.outputs(), elsewhere.outputs()
    assert sorted(found) == sorted(expected)
    assert [name for name in found if found[name] != expected[name]] == []
    assert elsewhere.read("dvc.lock") == built.read("dvc.lock")
